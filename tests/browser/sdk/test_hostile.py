"""Pages that break, freeze or squat what we use: the page goes on, and nothing is gathered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import Route, expect

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import NOTICE, SCRIPT, Site, page, policy, script
from tests.browser.sdk.visitor import Visitor, settled, until

pytestmark = pytest.mark.browser

ONLY = {"statistics": 2, "marketing": 0, "preferences": 0}
THROWS = "() => { throw new Error('the page broke this'); }"
HOSTILE = {
    "fetch throws": f"window.fetch = {THROWS};",
    "fetch answers nonsense": "window.fetch = () => 7;",
    "fetch never answers": "window.fetch = () => new Promise(() => {});",
    "fetch is frozen": "Object.defineProperty(window, 'fetch', { value: window.fetch });",
    "Promise is gone": "window.Promise = undefined;",
    "then throws": f"Promise.prototype.then = {THROWS};",
    "Promise is frozen": "Object.freeze(Promise); Object.freeze(Promise.prototype);",
    "the cookie getter throws": f"Object.defineProperty(document, 'cookie', {{ get: {THROWS} }});",
    "every cookie getter throws": (
        f"Object.defineProperty(Document.prototype, 'cookie', {{ get: {THROWS}, set: {THROWS} }});"
    ),
    "cookies are no text": "Object.defineProperty(Document.prototype, 'cookie', { get: () => 7 });",
    "storage is denied": (
        "for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])"
        f" Object.defineProperty(window, name, {{ get: {THROWS} }});"
    ),
    "JSON is broken": f"JSON.parse = JSON.stringify = {THROWS};",
    "observers are gone": "window.MutationObserver = undefined;",
    "channels throw": "window.BroadcastChannel = function () { throw new Error('no'); };",
    "the prototypes are frozen": (
        "[Object, Array, String, Function, Element, Node, Document, EventTarget]"
        ".forEach((each) => Object.freeze(each.prototype));"
    ),
    "the arrays are broken": f"Array.prototype.map = Array.prototype.filter = {THROWS};",
    "the name is taken": "window.askfirst = { allows: () => true };",
    "history is frozen": "Object.freeze(history); delete window.navigation;",
    "beacons throw": f"navigator.sendBeacon = {THROWS};",
    "crypto is gone": "Object.defineProperty(window, 'crypto', { value: undefined });",
}


def visit(site: Site, visitor: Visitor, before: str) -> Tab:
    """Open a page that does this ahead of our script and reports what went wrong in it."""
    watch = "window.wrong = []; addEventListener('error', (e) => wrong.push(e.message));"
    watch += "addEventListener('unhandledrejection', (e) => wrong.push(String(e.reason)));"
    site.pages["/before.js"] = script(watch + before)
    site.pages["/after.js"] = script("document.title = 'went on';")
    after = '<script src="/after.js" defer></script>'
    site.pages["/"] = page(head='<script src="/before.js"></script>', script=SCRIPT + after)
    tab = visitor.context.new_page()
    visitor.go(tab, "/", ready=False)
    until(tab, lambda: tab.title() == "went on")
    return tab


def use(tab: Tab) -> None:
    """What a page may do with us, and what it does anyway."""
    tab.evaluate(
        """() => {
            const found = window.askfirst;
            found?.allows?.("statistics"); found?.track?.("open");
            found?.on?.("change", () => { throw new Error("a listener of the page's own"); });
            void found?.consent;
            history.pushState(0, "", "/elsewhere");
            document.body.append(document.createElement("p"));
        }"""
    )


@pytest.mark.parametrize("before", HOSTILE.values(), ids=list(HOSTILE))
def test_the_page_goes_on_and_nothing_is_gathered(
    site: Site, visitor: Visitor, before: str
) -> None:
    """M01: whatever a page breaks, unasked nothing is kept, sent or thrown."""
    tab = visit(site, visitor, before)
    use(tab)
    tab.goto(site.url("/icon.svg"))
    settled(tab)
    assert visitor.errors == []
    assert visitor.context.cookies() == []
    assert site.received == []


@pytest.mark.parametrize("before", HOSTILE.values(), ids=list(HOSTILE))
def test_under_a_grant_nothing_is_thrown_and_nothing_more_is_sent(
    site: Site, visitor: Visitor, before: str
) -> None:
    """M14: whatever a page breaks, what leaves is at most what was agreed to."""
    visitor.granted(**ONLY)
    tab = visit(site, visitor, before)
    use(tab)
    tab.goto(site.url("/icon.svg"))
    settled(tab)
    assert visitor.errors == []
    assert {event["purpose"] for event in visitor.events} <= {"statistics"}


def test_what_is_redefined_later_does_not_reach_us(site: Site, visitor: Visitor) -> None:
    """What we took when the script ran, we go on with: the page's later fetch sees none of it."""
    visitor.granted(**ONLY)
    site.pages["/late.js"] = script(
        f"window.fetch = {THROWS}; window.setTimeout = {THROWS};"
        f"Object.defineProperty(document, 'cookie', {{ get: {THROWS} }});"
    )
    late = '<script src="/late.js" defer></script>'
    site.pages["/"] = page(
        "<img name=cookie><img name=currentScript><a id=askfirst></a>", script=SCRIPT + late
    )
    tab = visitor.open()
    assert tab.evaluate("askfirst.allows('statistics')")
    tab.evaluate("history.pushState(0, '', '/x')")
    assert visitor.errors == []


def test_elements_with_our_names_change_nothing(site: Site, visitor: Visitor) -> None:
    """`<img name=cookie>` hides document.cookie from pages; our reading goes past it."""
    visitor.granted(**ONLY)
    site.pages["/"] = page(
        "<img name=cookie><img name=currentScript src=//evil.test/><a id=askfirst></a>"
    )
    tab = visitor.open()
    assert tab.evaluate("askfirst.allows('statistics')")
    visitor.wait_for_events(tab, 1)


def test_a_second_copy_does_nothing(site: Site, visitor: Visitor) -> None:
    """Two script tags: one policy is read, one notice stands, one event is sent for one view."""
    site.pages["/"] = page(script=SCRIPT + SCRIPT.replace("askfirst.js", "askfirst.js?v=2"))
    tab = visitor.open()
    tab.locator("#askfirst-notice").wait_for()
    assert tab.locator("#askfirst-notice").count() == 1
    assert len([r for r in visitor.requests if "/askfirst/policy" in r.url]) == 1
    visitor.answer(tab, "Accept all")
    visitor.forget()
    visitor.go(tab, "/")
    visitor.wait_for_events(tab, 2)
    tab.goto(site.url("/icon.svg"))
    settled(tab)
    assert sorted(event["purpose"] for event in visitor.events) == ["marketing", "statistics"]


@pytest.mark.parametrize("year", [2006, 2046])
def test_a_clock_that_is_years_off_ends_no_answer(site: Site, visitor: Visitor, year: int) -> None:
    """M10, M20: whether an answer still holds is for the site's clock to say, not the page's."""
    visitor.granted(statistics=2, marketing=0, preferences=0)
    tab = visitor.context.new_page()
    tab.clock.set_fixed_time(datetime(year, 1, 1, tzinfo=UTC))
    visitor.go(tab, "/")
    assert tab.evaluate("askfirst.allows('statistics')")
    assert not tab.evaluate("askfirst.allows('marketing')")
    assert tab.evaluate("askfirst.consent.asks") == []


@pytest.mark.parametrize("missing", ["askfirst.js", "tracker.js", "notice.js", "policy"])
def test_a_blocked_part_leaves_the_page_whole(site: Site, visitor: Visitor, missing: str) -> None:
    """M45: with a part of ours blocked the page works, and the server's form still asks."""
    site.pages["/"] = page(NOTICE)
    visitor.context.route(at(missing), lambda route: route.abort())
    tab = visitor.open(ready=False)
    settled(tab)
    assert tab.get_by_role("heading", name="Shop").is_visible()
    expect(tab.get_by_role("button", name="Reject all", exact=True)).to_be_visible()
    assert visitor.errors == []
    assert site.received == []


def at(name: str) -> re.Pattern[str]:
    """Addresses that end with this name, whatever question follows."""
    return re.compile(rf"/{re.escape(name)}(\?|$)")


def answer(body: str) -> Callable[[Route], None]:
    """Answers a request with this body."""
    return lambda route: route.fulfill(body=body)


@pytest.mark.parametrize("lang", ["ca", "EN", "x", ""])
def test_a_page_of_any_language_is_asked_and_logs_nothing(
    site: Site, visitor: Visitor, lang: str
) -> None:
    """S09: one that we have no words in, in capitals, or none at all, reads the site's first."""
    plain = page()
    site.pages["/"] = replace(plain, html=plain.html.replace('lang="en"', f'lang="{lang}"'))
    tab = visitor.context.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.goto(site.url())
    expect(tab.locator("#askfirst-notice h2")).to_have_text("May we use data about your visit?")
    assert said == []


def test_a_policy_that_is_no_policy_allows_nothing(site: Site, visitor: Visitor) -> None:
    """M32: what cannot be read as an edition allows nothing, and throws nothing."""
    visitor.granted(**ONLY)
    for body in ("", "[]", "null", "{}", '{"policy":{}}', "<p>a login page</p>", '{"policy":null}'):
        visitor.context.unroute_all()
        visitor.context.route(at("policy"), answer(body))
        tab = visitor.open(ready=False)
        settled(tab)
        assert not tab.evaluate("askfirst.allows('statistics')")
        assert tab.evaluate("askfirst.consent.asks") == []
    assert visitor.errors == []
    assert visitor.events == []


def test_a_policy_that_is_cut_off_or_of_a_later_version_allows_nothing(
    site: Site, visitor: Visitor
) -> None:
    """M32: half a policy, and one whose words may mean something else, is none; no error shows."""
    visitor.granted(**ONLY)
    published = visitor.context.request.get(
        site.url("/askfirst/policy?lang=en"), headers={"accept": "application/json"}
    )
    whole = published.text()
    later = json.loads(whole)
    later["policy"]["version"] = 99
    cut = [whole[: len(whole) * part // 10] for part in (1, 5, 9)]
    for body in (*cut, whole[:-1], json.dumps(later)):
        visitor.context.unroute_all()
        visitor.context.route(at("policy"), answer(body))
        tab = visitor.open(ready=False)
        settled(tab)
        assert not tab.evaluate("askfirst.allows('statistics')")
        assert tab.evaluate("askfirst.consent.asks") == []
        tab.close()
    assert visitor.errors == []
    assert visitor.events == []


def test_keys_that_a_later_site_publishes_change_nothing(site: Site, visitor: Visitor) -> None:
    """M20: what is not known is not looked at; what is known holds as it was."""
    visitor.granted(**ONLY)

    def later(route: Route) -> None:
        told = route.fetch()
        published = told.json()
        route.fulfill(response=told, json={**published, "v": 99, "colour": {"of": ["the", None]}})

    visitor.context.route(at("policy"), later)
    tab = visitor.open()
    assert tab.evaluate("askfirst.allows('statistics')")
    assert not tab.evaluate("askfirst.allows('marketing')")
    assert tab.evaluate("askfirst.consent.asks") == []
    assert visitor.errors == []


def test_an_edition_that_disappeared_grants_nothing(serve: Serve, arrive: Arrive) -> None:
    """M16: an answer to an edition that the site no longer knows is no answer."""
    site = serve()
    visitor = arrive(site)
    visitor.granted(**ONLY)

    def without(route: Route) -> None:
        told = route.fetch()
        published = told.json()
        published["number"] = 9
        published["bounds"] = {"9": published["bounds"]["1"]}
        route.fulfill(response=told, json=published)

    visitor.context.route(at("policy"), without)
    tab = visitor.open()
    assert not tab.evaluate("askfirst.allows('statistics')")
    assert "statistics" in [each["purpose"] for each in tab.evaluate("askfirst.consent.asks")]
    assert visitor.events == []


def test_a_policy_from_before_the_answer_is_read_again(site: Site, visitor: Visitor) -> None:
    """M16: a cached policy older than the answer asks nothing: the site's own is read."""
    visitor.granted(**ONLY)
    numbers = [0]

    def age(route: Route) -> None:
        told = route.fetch()
        published = told.json()
        if numbers:
            published |= {"number": numbers.pop(), "bounds": {}}
        route.fulfill(response=told, json=published)

    visitor.context.route(at("policy"), age)
    tab = visitor.open()
    assert tab.evaluate("askfirst.allows('statistics')")
    assert tab.evaluate("askfirst.consent.asks") == []
    assert numbers == []


def test_a_site_for_children_asks_nobody(serve: Serve, arrive: Arrive) -> None:
    """M30: nothing is asked, nothing is allowed, nothing is sent."""
    site = serve({**policy(), "for_children": True})
    visitor = arrive(site)
    tab = visitor.open(ready=False)
    settled(tab)
    tab.evaluate("askfirst.track('open')")
    assert tab.evaluate("askfirst.consent") == {
        "source": "none",
        "details": {},
        "scopes": {},
        "asks": [],
    }
    assert visitor.beyond_static() == []


def test_dnt_is_an_answer_by_itself(site: Site, arrive: Arrive) -> None:
    """S06, M23: with DNT nobody is asked, nothing is sent, and nothing is kept of it."""
    visitor = arrive(site, extra_http_headers={"DNT": "1"})
    visitor.context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'doNotTrack', { get: () => '1' })"
    )
    tab = visitor.open()
    assert tab.evaluate("askfirst.consent.source") == "dnt"
    settled(tab)
    assert tab.locator("#askfirst-notice").count() == 0
    assert visitor.context.cookies() == []
    assert visitor.beyond_static() == []
