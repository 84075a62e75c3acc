"""What a page tells of by itself, where a purpose lists it: how it was read, left, how quick."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Page as Tab

from askfirst.terms.policy import shipped
from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import Page, Site, page, policy
from tests.browser.sdk.visitor import Visitor, settled, until

pytestmark = pytest.mark.browser

ONLY = {"statistics": 2, "marketing": 0, "preferences": 0}
LISTED = shipped("standard").document["purposes"]["statistics"]["actions"]
PAGE = """
<p style="height: 4000px">Long</p>
<a id="away" href="http://www.example.org/secret?u=7" target="_blank">Away</a>
<a id="own" href="/two" target="_blank">Own</a>
<a id="file" href="/files/ana@example.org.PDF" target="_blank">File</a>
<form data-askfirst-form="letter" action="/two" target="_blank">
  <input name="email" value="ana@example.org"><button id="send">Send</button>
</form>
<form action="/two" target="_blank"><button id="search">Search</button></form>
"""
QUICK = {"lcp", "inp", "cls"}


@pytest.fixture
def shop(serve: Serve) -> Site:
    """A site that lists what the ready-made policy lists."""
    site = serve(policy(statistics={"actions": LISTED}))
    site.pages["/article"] = Page(page(PAGE).html, {})
    site.pages["/gone"] = Page(page("Not here").html, {}, status=404)
    return site


def told(visitor: Visitor) -> list[tuple[str, str, Any]]:
    """Page, action and its one property, in order, but for what no test can know beforehand."""
    actions = [(event["page"], event["action"]) for event in visitor.events if "action" in event]
    return [
        (path, action["name"], next(iter(action.get("properties", {}).values()), None))
        for path, action in actions
    ]


def hidden(tab: Tab) -> None:
    """As when the visitor goes to another tab; a browser without windows shows all of them."""
    tab.evaluate(
        """() => {
            for (const [name, value] of [["hidden", true], ["visibilityState", "hidden"]])
                Object.defineProperty(document, name, { value, configurable: true });
            document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
        }"""
    )


def loaded(visitor: Visitor, name: str) -> bool:
    return any(f"/static/{name}.js" in request.url for request in visitor.requests)


def test_how_a_page_is_read_and_left(shop: Site, arrive: Arrive) -> None:
    """M25, M26: seconds and percent in buckets, hosts, kinds and names of forms; nothing else."""
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    # The links lead nowhere: what counts is the click.
    visitor.context.route("http://www.example.org/**", lambda route: route.abort())
    tab = visitor.context.new_page()
    now = time.time()
    tab.clock.install(time=now)
    tab.clock.pause_at(now + 1)
    visitor.go(tab, "/article")
    until(tab, lambda: loaded(visitor, "automatic"))
    tab.evaluate("import('/askfirst/static/tracker.js').then(() => undefined)")
    settled(tab)
    tab.clock.run_for(20_000)
    tab.mouse.move(10, 10)
    tab.mouse.move(20, 20)
    tab.clock.run_for(60_000)  # nobody there: half a minute of it counts
    for button in ("away", "own", "file", "send", "search"):
        tab.locator(f"#{button}").evaluate("(element) => element.click()")
    tab.evaluate("scrollTo(0, 1500)")
    until(tab, lambda: tab.evaluate("scrollY") == 1500)
    tab.evaluate("history.pushState(null, '', '/article/second')")
    tab.clock.run_for(12_000)
    hidden(tab)
    tab.clock.run_for(5_000)

    def actions() -> list[tuple[str, str, Any]]:
        return [entry for entry in told(visitor) if entry[1] not in QUICK]

    until(tab, lambda: len(actions()) >= 7)
    assert actions() == [
        ("/article", "outbound", "example.org"),
        ("/article", "download", "pdf"),
        ("/article", "form_sent", "letter"),
        ("/article", "engaged", 30),
        ("/article", "scrolled", 50),
        ("/article/second", "engaged", 10),
        ("/article/second", "scrolled", 50),
    ]
    sent = str(visitor.batches)
    assert "ana@" not in sent
    assert "secret" not in sent
    assert visitor.errors == []


def test_quick_and_missing_pages(shop: Site, arrive: Arrive) -> None:
    """M25: ratings by web-vitals once the page is hidden, and a page that is not there."""
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    tab = visitor.open("/article")
    until(tab, lambda: loaded(visitor, "vitals"))
    settled(tab)
    tab.locator("#own").hover()
    tab.mouse.click(5, 5)
    until(tab, lambda: len(tab.evaluate("performance.getEntriesByType('paint')")) == 2)
    visitor.go(tab, "/gone", ready=False)
    until(tab, lambda: {"lcp", "cls", "not_found"} <= {name for _, name, _ in told(visitor)})
    ratings = {name: value for path, name, value in told(visitor) if name in QUICK}
    assert set(ratings.values()) <= {"good", "needs-improvement", "poor"}
    assert {path for path, name, _ in told(visitor) if name in QUICK} == {"/article"}
    assert ("/gone", "not_found", None) in told(visitor)
    assert visitor.errors == []


def test_nothing_of_what_was_before_consent(shop: Site, serve: Serve, arrive: Arrive) -> None:
    """M01, M13: nothing is loaded before the answer; of the page it was given on, clicks alone."""
    visitor = arrive(shop)
    visitor.context.route("http://www.example.org/**", lambda route: route.abort())
    tab = visitor.open("/article")
    tab.evaluate("scrollTo(0, 3000)")
    assert not loaded(visitor, "automatic")
    visitor.answer(tab, "Accept all")
    until(tab, lambda: loaded(visitor, "automatic"))
    tab.evaluate("import('/askfirst/static/tracker.js').then(() => undefined)")
    settled(tab)
    tab.locator("#away").evaluate("(element) => element.click()")
    until(tab, lambda: bool(told(visitor)))
    visitor.go(tab, "/two")
    until(tab, lambda: "/two" in {event["page"] for event in visitor.events})
    hidden(tab)
    until(tab, lambda: "/two" in {path for path, name, _ in told(visitor) if name == "engaged"})
    assert [entry for entry in told(visitor) if entry[0] == "/article"] == [
        ("/article", "outbound", "example.org")
    ]
    # Less detail has names alone, and who refuses, or is asked for none of it, loads nothing.
    less = arrive(shop)
    less.granted(**{**ONLY, "statistics": 1})
    tab = less.open("/article")
    until(tab, lambda: loaded(less, "automatic"))
    until(tab, lambda: loaded(less, "vitals"))
    settled(tab)
    hidden(tab)
    until(tab, lambda: len(told(less)) >= 2)
    assert {value for _, _, value in told(less)} == {None}
    tab.evaluate("askfirst.show()")
    stored = tab.get_by_text("how long you look at a page; how much of a page you see; which other")
    until(tab, lambda: stored.count() > 0)
    plain = serve()
    for site, choice in ((shop, 0), (plain, 2)):
        other = arrive(site)
        other.granted(**{**ONLY, "statistics": choice})
        tab = other.open("/")
        settled(tab)
        assert not loaded(other, "automatic")
        assert not loaded(other, "vitals")
