"""A hostile page in a real browser tries to answer, to send and to read in its visitor's name."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from askfirst.terms.policy import read_policy
from askfirst_collector.config import open_folder
from tests.browser.notice_page import RECEIPT, STATE, NoticePage
from tests.browser.notice_site import Site, policy
from tests.support.ledger import contents, entries_in


class _Evil(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Win a prize</title><body>")

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(params=["127.0.0.1", "localhost"], ids=["cross-site", "same-site"])
def evil(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the hostile page: of another site, and of another port of the same one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Evil)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{request.param}:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def attacker(chromium: Browser, evil: str, shop: Site) -> Iterator[Page]:
    """The hostile page, open in the browser of somebody who has been at the shop."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(shop.address)  # the shop opens its files at its first visit
    page.goto(evil)
    yield page
    context.close()


FETCH = """async ([url, body, type, credentials, mode]) => {
    try {
        const options = {method: body === null ? "GET" : "POST", credentials, mode};
        if (body !== null) { options.body = body; options.headers = {"content-type": type}; }
        const answer = await fetch(url, options);
        return answer.type === "opaque" ? "opaque" : await answer.text();
    } catch (error) { return "blocked"; }
}"""
FORM = """([url, fields, encoding]) => {
    const form = document.createElement("form");
    form.method = "post"; form.action = url; form.enctype = encoding;
    for (const [name, value] of Object.entries(fields)) {
        const input = document.createElement("input");
        input.name = name; input.value = value; form.append(input);
    }
    const frame = document.createElement("iframe");
    frame.name = form.target = "sink" + document.forms.length; document.body.append(frame, form);
    return new Promise((done) => { frame.onload = () => done(true); form.submit(); });
}"""


def entries(site: Site) -> list[str]:
    """Every entry of the ledger, as it lies on disk."""
    connection = sqlite3.connect(f"file:{open_folder(site.folder).ledger}?mode=ro", uri=True)
    try:
        return [content.decode() for *_, content in contents(connection)]
    finally:
        connection.close()


def grant(site: Site, **more: Any) -> dict[str, Any]:
    edition = read_policy(policy()).hash
    answer = {"v": 2, "edition": edition, "lang": "en", "method": "accept_all", "adult": True}
    return {**answer, **more}


def cookies(page: Page) -> set[str]:
    return {str(cookie["name"]) for cookie in page.context.cookies()} & {STATE, RECEIPT}


@pytest.mark.parametrize("type", ["application/json", "text/plain"])
@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_no_answer_by_fetch(attacker: Page, shop: Site, type: str, mode: str) -> None:
    """M47: a grant fetched from elsewhere is refused; nothing is recorded and no cookie is set."""
    before = entries(shop)
    body = json.dumps(grant(shop))
    url = f"{shop.address}/askfirst/consent"
    attacker.evaluate(FETCH, [url, body, type, "include", mode])
    assert entries(shop) == before
    assert cookies(attacker) == set()


@pytest.mark.parametrize(
    "encoding", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
)
def test_no_answer_by_form(attacker: Page, shop: Site, encoding: str) -> None:
    """M47: nor is one that is posted by a form, in any encoding."""
    before = entries(shop)
    fields = {key: str(value) for key, value in grant(shop, adult=1).items()}
    attacker.evaluate(FORM, [f"{shop.address}/askfirst/consent", fields, encoding])
    assert entries(shop) == before
    assert cookies(attacker) == set()


def test_no_answer_by_beacon_or_from_a_sandbox(attacker: Page, shop: Site) -> None:
    """M47: nor by a beacon, nor from a sandboxed frame, whose origin is `null`."""
    before = entries(shop)
    url, body = f"{shop.address}/askfirst/consent", json.dumps(grant(shop))
    with attacker.expect_request("**/askfirst/consent"):
        attacker.evaluate("([url, body]) => navigator.sendBeacon(url, body)", [url, body])
    field = body.replace("'", "&#39;")
    sandbox = (
        f"<form method=post enctype=text/plain action='{url}'><input name='{field}'></form>"
        "<script>document.forms[0].submit()</script>"
    )
    # The frame is in a process of its own, whose requests are not told: that its refusal, a page
    # of ours, stands in no frame is.
    with attacker.expect_console_message(lambda message: "frame-ancestors" in message.text):
        attacker.evaluate(
            """(html) => { const frame = document.createElement("iframe");
                frame.sandbox = "allow-scripts allow-forms"; frame.srcdoc = html;
                document.body.append(frame); }""",
            sandbox,
        )
    attacker.goto(attacker.url)
    assert entries(shop) == before
    assert cookies(attacker) == set()


def granted(attacker: Page, shop: Site) -> NoticePage:
    """The visitor agrees at the shop, in another tab of the same browser."""
    visitor = NoticePage(attacker.context.new_page(), shop.address).open()
    visitor.answering(visitor.accept.click)
    assert cookies(attacker) == {STATE, RECEIPT}
    return visitor


def test_no_withdrawal_from_elsewhere(attacker: Page, shop: Site) -> None:
    """M47: a page elsewhere cannot withdraw or erase for somebody who agreed."""
    granted(attacker, shop)
    before = entries(shop)
    url = f"{shop.address}/askfirst"
    withdrawal = json.dumps(grant(shop, method="withdraw"))
    for path in ("consent", "rights/me"):
        for type in ("application/json", "text/plain"):
            attacker.evaluate(FETCH, [f"{url}/{path}", withdrawal, type, "include", "no-cors"])
        fields = {"method": "withdraw", "do": "erase"}
        attacker.evaluate(FORM, [f"{url}/{path}", fields, "application/x-www-form-urlencoded"])
    assert entries(shop) == before
    assert cookies(attacker) == {STATE, RECEIPT}


def test_no_event_from_elsewhere(attacker: Page, shop: Site) -> None:
    """M47: events sent by a page elsewhere store nothing, even where the visitor agreed."""
    granted(attacker, shop)
    event = {"purpose": "statistics", "type": "page_view", "page": "/forged-by-another-page"}
    body = json.dumps({"v": 1, "batch": "B" * 22, "events": [event]})
    url = f"{shop.address}/askfirst/events"
    for type in ("application/json", "text/plain"):
        attacker.evaluate(FETCH, [url, body, type, "include", "no-cors"])
    with attacker.expect_request("**/askfirst/events"):
        attacker.evaluate("([url, body]) => navigator.sendBeacon(url, body)", [url, body])
    attacker.goto(attacker.url)
    kept = b"".join(p.read_bytes() for p in Path(shop.folder).rglob("*") if p.is_file())
    kept += entries_in(Path(shop.folder))
    assert b"forged-by-another-page" not in kept


def test_nobody_is_asked_in_a_frame_that_cannot_be_seen(attacker: Page, shop: Site) -> None:
    """M54: framed by another origin, of the same site too, it asks nothing and takes no click."""
    before = entries(shop)
    attacker.evaluate(
        """(url) => { const frame = document.createElement("iframe");
            frame.src = url;
            frame.style = "position: fixed; inset: 0; width: 100%; height: 100%; opacity: 0.01";
            document.body.append(frame); }""",
        f"{shop.address}/?helper=0",
    )
    frame = attacker.frame_locator("iframe")
    frame.get_by_role("heading", name="Tide tables").wait_for()
    attacker.wait_for_load_state("networkidle")
    assert frame.locator("#askfirst-notice, #askfirst-control").count() == 0
    window = frame.locator("body")
    assert window.evaluate("() => askfirst.allows('statistics')") is False
    window.evaluate("() => askfirst.show()")
    size = attacker.viewport_size
    assert size is not None
    # Where "Accept all" stands in a page of its own.
    attacker.mouse.click(size["width"] * 0.92, size["height"] * 0.86)
    attacker.wait_for_load_state("networkidle")
    assert frame.locator("dialog").count() == 0
    assert entries(shop) == before
    assert cookies(attacker) == set()


def test_nothing_is_read_from_elsewhere(attacker: Page, shop: Site) -> None:
    """What is kept about a visitor is not shown to another page, framed or fetched."""
    granted(attacker, shop)
    for path in ("/askfirst/rights/me", "/askfirst/choices", "/askfirst/consent"):
        told = attacker.evaluate(FETCH, [shop.address + path, None, "", "include", "cors"])
        assert told == "blocked"
    attacker.evaluate(
        """(url) => new Promise((done) => { const frame = document.createElement("iframe");
            frame.onload = done; frame.src = url; document.body.append(frame); })""",
        f"{shop.address}/askfirst/choices",
    )
    framed = [frame for frame in attacker.frames if frame != attacker.main_frame]
    assert all("Statistics" not in frame.content() for frame in framed)
