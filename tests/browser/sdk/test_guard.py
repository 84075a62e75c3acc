"""The guard: what a page's scripts send to hosts of recipients does not leave without a grant."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page as Tab

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import SCRIPT, Page, Site, page, policy, script
from tests.browser.sdk.visitor import Visitor, settled, until

pytestmark = pytest.mark.browser

GUARD = '<script src="/askfirst/static/guard.js"></script><script src="/calls.js"></script>'
HOST, STRANGER = "127.0.0.1", "127.0.0.2"
# What a vendor's snippet may do, at the very start of a page; `ends` says how each of it came out.
CALLS = """
window.ends = {};
window.send = (at, name) => {
  const end = (how) => (word) => { ends[name + how] = String(word?.type ?? word?.name ?? "done"); };
  fetch(`${at}/${name}-fetch`).then(() => end("fetch")("done"), end("fetch"));
  const request = new XMLHttpRequest();
  request.open("GET", `${at}/${name}-request`);
  request.onload = request.onerror = end("request");
  request.send();
  ends[name + "beacon"] = String(navigator.sendBeacon(`${at}/${name}-beacon`, "x"));
  new Image().src = `${at}/${name}-pixel`;
};
window.stream = (at) => {
  for (const made of [new WebSocket(at.replace("http", "ws") + "/socket"),
                      new EventSource(at + "/events")]) {
    made.onerror = () => { ends[made.constructor.name] = made.readyState; };
  }
};
window.show = (at) => {
  const add = (tag, fields) =>
    document.head.append(Object.assign(document.createElement(tag), fields));
  add("script", { src: `${at}/vendor.js` });
  add("link", { rel: "stylesheet", href: `${at}/vendor.css` });
  const frame = document.createElement("iframe");
  frame.setAttribute("src", `${at}/frame`);
  addEventListener("DOMContentLoaded", () => document.body.append(frame));
};
send("RECIPIENT", "early");
show("RECIPIENT");
send("STRANGER", "other");
"""


class Recipient:
    """A server on every loopback address; `asked` has host and path of what reached it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.headers["host"].partition(":")[0] + self.path)
                body = b"window.vendor = (window.vendor ?? 0) + 1;" if ".js" in self.path else b""
                kind = "text/javascript" if body else "text/html"
                self.send_response(200)
                for name, value in {
                    "access-control-allow-origin": "*",
                    "content-type": "text/css" if ".css" in self.path else kind,
                    "content-length": str(len(body)),
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def at(self, host: str) -> str:
        return f"http://{host}:{self.server.server_address[1]}"

    def of(self, host: str) -> list[str]:
        return sorted(path.removeprefix(host) for path in self.asked if path.startswith(host))


@pytest.fixture
def recipient() -> Iterator[Recipient]:
    made = Recipient()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def shop(serve: Serve, recipient: Recipient) -> Site:
    """A page with a vendor's snippet ahead of everything but the guard."""
    vendor = {"name": "Adsmith", "role": "processor", "country": "DE", "hosts": [HOST]}
    site = serve(policy(marketing={"recipients": [vendor]}))
    site.pages["/"] = Page(page(script=GUARD + SCRIPT).html, {})
    source = CALLS.replace("RECIPIENT", recipient.at(HOST))
    site.pages["/calls.js"] = script(source.replace("STRANGER", recipient.at(STRANGER)))
    return site


def call(tab: Tab, recipient: Recipient, name: str) -> None:
    tab.evaluate(f"send('{recipient.at(HOST)}', '{name}')")
    until(tab, lambda: bool(tab.evaluate(f"ends.{name}fetch && ends.{name}request")))


ALL = [f"/early-{kind}" for kind in ("beacon", "fetch", "request")]


def test_nothing_leaves_before_an_answer_and_all_goes_after(
    shop: Site, arrive: Arrive, recipient: Recipient
) -> None:
    """M01, M12: calls fail as the network does, elements wait; after a withdrawal they do again."""
    visitor = arrive(shop)
    tab = visitor.open()
    until(
        tab, lambda: "otherfetch" in tab.evaluate("ends") and "earlyfetch" in tab.evaluate("ends")
    )
    until(tab, lambda: len(recipient.of(STRANGER)) == 4)  # who is no recipient is left alone
    tab.evaluate(f"stream('{recipient.at(HOST)}')")
    until(tab, lambda: tab.evaluate("ends.WebSocket === 3 && ends.EventSource === 2"))
    call(tab, recipient, "later")
    assert tab.evaluate("ends.laterbeacon") == "false"
    ends = tab.evaluate("[ends.laterfetch, ends.laterrequest, ends.earlyfetch]")
    assert ends == ["TypeError", "error", "TypeError"]
    settled(tab)
    assert recipient.of(HOST) == []

    visitor.answer(tab, "Accept all")
    until(tab, lambda: {"/frame", "/vendor.css", "/vendor.js"} <= {*recipient.of(HOST)})
    until(tab, lambda: tab.evaluate("window.vendor") == 1)
    call(tab, recipient, "now")
    until(tab, lambda: "/now-pixel" in recipient.of(HOST) and "/now-beacon" in recipient.of(HOST))
    # What was to be told before the answer is not told later.
    assert not [path for path in recipient.of(HOST) if "early" in path or "later" in path]

    tab.locator("#askfirst-control button[value=withdraw]").click()
    until(tab, lambda: not tab.evaluate("askfirst.allows('marketing')"))
    call(tab, recipient, "after")
    settled(tab)
    assert not [path for path in recipient.of(HOST) if "after" in path]
    assert visitor.errors == []


def test_who_agreed_long_ago_waits_for_nothing_but_the_policy(
    shop: Site, arrive: Arrive, recipient: Recipient
) -> None:
    """M06: what a page asks for before it is known what is allowed goes once it is."""
    visitor: Visitor = arrive(shop)
    visitor.granted(marketing=2, statistics=0, preferences=0)
    tab = visitor.open()
    until(tab, lambda: {*ALL, "/early-pixel", "/vendor.js", "/frame"} <= {*recipient.of(HOST)})
    until(tab, lambda: tab.evaluate("ends.earlyfetch") == "done")


def test_without_a_policy_the_page_goes_on(
    shop: Site, arrive: Arrive, recipient: Recipient
) -> None:
    """M38: no host is known then; a call is late, and not lost."""
    visitor = arrive(shop)
    visitor.context.route("**/askfirst/policy**", lambda route: route.abort())
    tab = visitor.open(ready=False)
    until(tab, lambda: {*ALL} <= {*recipient.of(HOST)})
    until(tab, lambda: tab.evaluate("ends.earlyfetch") == "done")
    assert visitor.errors == []
