"""What is sent after a grant: what was agreed to, for the purposes agreed to, from then on."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import Route

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import Page, Site, page, policy
from tests.browser.sdk.visitor import EVENTS, Visitor, settled, until

pytestmark = pytest.mark.browser

WIDE: dict[str, Any] = {
    "levels": {
        "time": 2, "page": 3, "referrer": 2, "campaign": 1, "screen": 2, "cookies": 2, "action": 2,
        "visitor": 1,
    },
    "query_parameters": {"sort": ["price", "name"]},
    "actions": {"signup": {"plan": ["free", "pro"], "seats": {"buckets": [0, 10, 50]}}, "open": {}},
    "cookies": ["_stat*"],
    "storage": ["stat-*"],
}  # fmt: skip
ALL = {"statistics": 2, "marketing": 2, "preferences": 2}
ONLY = {"statistics": 2, "marketing": 0, "preferences": 0}


@pytest.fixture
def shop(serve: Serve) -> Site:
    """A site that asks for much under statistics."""
    site = serve(policy(statistics=WIDE))
    site.pages["/shop/shoes"] = page()
    return site


def later(tab: Tab, seconds: int = 60) -> None:
    """Let the page's clock run, and everything that it starts leave."""
    tab.clock.run_for(seconds * 1000)
    settled(tab)


def clocked(visitor: Visitor, path: str = "/") -> Tab:
    """A tab whose clock stands still until the test runs it."""
    tab = visitor.context.new_page()
    stopped(tab)
    visitor.go(tab, path)
    if tab.evaluate("Object.keys(askfirst.consent.scopes).length > 0"):
        started(tab)
    return tab


def stopped(tab: Tab) -> None:
    """Let no time pass in the pages of a tab, however slow the machine is."""
    now = time.time()
    tab.clock.install(time=now)
    tab.clock.pause_at(now + 1)


def started(tab: Tab) -> None:
    """Wait until the tracker, which the gate loads after a grant, is there."""
    tab.evaluate("import('/askfirst/static/tracker.js').then(() => undefined)")


def pages(visitor: Visitor, purpose: str = "statistics") -> list[str]:
    """The pages that were told to a purpose, in order."""
    mine = [event for event in visitor.events if event["purpose"] == purpose]
    return [event["page"] for event in mine if event["type"] == "page_view"]


def test_values_are_cut_in_the_page(shop: Site, arrive: Arrive) -> None:
    """M26: path, listed query, a campaign to its level, origin, screen in steps, names."""
    visitor = arrive(
        shop, screen={"width": 1366, "height": 768}, viewport={"width": 900, "height": 600}
    )
    visitor.granted(**ALL)
    query = "sort=price&q=secret&sort=id7&utm_source=letter&utm_medium=email"
    link = f'<a href="{shop.url(f"/shop/shoes?{query}#frag")}">go</a>'
    shop.pages["/away"] = Page(link, {"referrer-policy": "unsafe-url"})
    away = shop.origin.replace("localhost", "127.0.0.1")
    tab = visitor.context.new_page()
    cookies = [{"name": "_stat_7f3a", "value": "x"}, {"name": "session", "value": "y"}]
    visitor.context.add_cookies([{**cookie, "url": shop.origin} for cookie in cookies])  # type: ignore[typeddict-item]
    tab.goto(f"{away}/away?email=a@b.c")
    tab.get_by_text("go").click()
    events = {event["purpose"]: event for event in visitor.wait_for_events(tab, 2)}
    assert events["statistics"] == {
        "purpose": "statistics",
        "type": "page_view",
        "page": "/shop/shoes?sort=price&sort=&utm_source=letter",
        "referrer": away,
        "screen": [1300, 700],
        "cookies": {"enabled": True, "names": ["_stat*"]},
    }
    assert events["marketing"]["page"] == "/shop/shoes?utm_source=letter&utm_medium=email"
    assert not {"screen", "cookies"} & events["marketing"].keys()
    assert "secret" not in str(visitor.batches)


def test_a_lower_detail_sends_less(shop: Site, arrive: Arrive) -> None:
    """M25: at the least detail: section, class word, whether cookies work, action names."""
    visitor = arrive(shop)
    visitor.granted(**{**ONLY, "statistics": 1})
    tab = visitor.open("/shop/shoes?sort=price")
    tab.evaluate("askfirst.track('signup', { plan: 'pro' })")
    view, action = visitor.wait_for_events(tab, 2)
    assert (view["page"], view["screen"], view["cookies"]) == (
        "/shop",
        "desktop",
        {"enabled": True},
    )
    assert action["action"] == {"name": "signup"}


def test_only_what_was_granted(shop: Site, arrive: Arrive) -> None:
    """M14: granting statistics sends events of statistics; of the others, none."""
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    tab = visitor.open()
    tab.evaluate("askfirst.track('signup', { plan: 'pro', seats: 37, email: 'a@b.c' })")
    tab.evaluate("askfirst.track('unlisted', { plan: 'pro' })")
    view, action = visitor.wait_for_events(tab, 2)
    assert {event["purpose"] for event in visitor.events} == {"statistics"}
    assert view["type"] == "page_view"
    assert action["action"] == {"name": "signup", "properties": {"plan": "pro", "seats": 10}}
    (body,) = visitor.batches
    assert set(body) == {"v", "batch", "events"}
    assert (body["v"], len(body["batch"])) == (1, 22)


def test_the_site_stores_them(shop: Site, arrive: Arrive) -> None:
    """The answer is 202, and says that every event was stored."""
    visitor = arrive(shop)
    visitor.granted(**ALL)
    tab = visitor.context.new_page()
    with tab.expect_response(lambda response: response.url.endswith(EVENTS)) as told:
        tab.goto(shop.url("/two"))
    assert told.value.status == 202
    assert told.value.json() == {"stored": 2, "dropped": []}


def test_nothing_from_before_consent(shop: Site, arrive: Arrive) -> None:
    """M13: pages, actions and referrers from before the grant are never sent after it."""
    visitor = arrive(shop)
    tab = clocked(visitor, "/?sort=price")
    tab.evaluate("askfirst.track('signup', { plan: 'free' }); history.pushState(0, '', '/before')")
    visitor.answer(tab, "Accept all")
    started(tab)
    later(tab)
    assert visitor.events == []
    tab.evaluate("askfirst.track('open'); history.pushState(0, '', '/after')")
    later(tab)
    visitor.wait_for_events(tab, 3)
    assert pages(visitor) == ["/after"]
    assert [event["action"]["name"] for event in visitor.events if "action" in event] == ["open"]


def test_navigation_within_the_page(shop: Site, arrive: Arrive) -> None:
    """Page views follow pushState, back and forward; the same page or a fragment is none."""
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    tab = clocked(visitor)
    tab.evaluate(
        "history.pushState(0, '', '/a'); history.replaceState({ scroll: 9 }, '', '/a#below')"
    )
    tab.evaluate(
        "history.replaceState(0, '', '/a?utm_id=7'); history.pushState(0, '', '/b?sort=name')"
    )
    tab.go_back()
    later(tab)
    visitor.wait_for_events(tab, 4)
    assert pages(visitor) == ["/", "/a", "/b?sort=name", "/a"]
    assert [event.get("referrer") for event in visitor.events] == [None, *[shop.origin] * 3]


def test_routes_behind_the_fragment_are_pages_where_the_site_says_so(
    serve: Serve, arrive: Arrive
) -> None:
    """M26: each route is a view, told as a path without its query; other fragments are none."""
    site = serve({**policy(statistics=WIDE), "hash_routes": True})
    visitor = arrive(site)
    visitor.granted(**ONLY)
    tab = clocked(visitor, "/#/orders/8812?token=CANARY")
    tab.evaluate("location.hash = '/about'")
    until(tab, lambda: tab.evaluate("location.hash") == "#/about")
    tab.evaluate("location.hash = '#CANARY'")
    tab.evaluate("history.replaceState(0, '', '/#CANARY2')")
    later(tab)
    visitor.wait_for_events(tab, 3)
    assert pages(visitor) == ["//orders/8812", "//about", "/"]
    assert "CANARY" not in str(visitor.events)


def test_routes_behind_the_fragment_are_asked_for(serve: Serve, arrive: Arrive) -> None:
    """M16: who agreed before the site counted them is told by the path alone until they agree."""
    document = policy(statistics=WIDE)
    site = serve(document)
    visitor = arrive(site)
    visitor.granted(**ONLY)
    visitor.site = serve({**document, "hash_routes": True}, folder=site.folder)
    tab = clocked(visitor, "/two#/orders/8812")
    tab.evaluate("location.hash = '/about'")
    until(tab, lambda: tab.evaluate("location.hash") == "#/about")
    later(tab)
    visitor.wait_for_events(tab, 1)
    assert pages(visitor) == ["/two"]
    asked = "More of the page’s address would be stored: \u2068#/…\u2069."
    assert asked in tab.locator("#askfirst-notice").inner_text()


def test_a_query_that_is_tidied_away_is_no_second_view(shop: Site, arrive: Arrive) -> None:
    """replaceState that changes the query alone is the page it was; another path is another."""
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    tab = clocked(visitor, "/shop/shoes?sort=price")
    tab.evaluate("history.replaceState({}, '', location.pathname)")
    tab.evaluate("history.replaceState({}, '', '/two')")
    later(tab)
    visitor.wait_for_events(tab, 2)
    assert pages(visitor) == ["/shop/shoes?sort=price", "/two"]


def test_what_an_older_edition_listed_goes_on(serve: Serve, arrive: Arrive) -> None:
    """M16: an edition that lists more stops nothing that was agreed to, and adds nothing to it."""
    shop = serve(policy(statistics=WIDE))
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    actions = {**WIDE["actions"], "share": {}}
    more = {"query_parameters": {"sort": ["price", "name", "age"]}, "actions": actions}
    visitor.site = serve(policy(statistics={**WIDE, **more}), folder=shop.folder)
    tab = clocked(visitor, "/?sort=price")
    tab.evaluate("askfirst.track('signup', { plan: 'pro' }); askfirst.track('share')")
    tab.evaluate("history.pushState(0, '', '/two?sort=age')")
    later(tab)
    visitor.wait_for_events(tab, 3)
    assert pages(visitor) == ["/?sort=price", "/two?sort="]
    told = [event["action"] for event in visitor.events if event["type"] == "action"]
    assert told == [{"name": "signup", "properties": {"plan": "pro"}}]
    assert tab.evaluate("askfirst.consent.asks.map(({ purpose }) => purpose)") == ["statistics"]


def test_the_site_itself_counts_pages_where_it_says_so(serve: Serve, arrive: Arrive) -> None:
    """With server_side the first view is the site's; the tracker tells what only it sees."""
    site = serve({**policy(statistics=WIDE), "server_side": True})
    visitor = arrive(site)
    visitor.granted(**ONLY)
    tab = clocked(visitor, "/two")
    tab.evaluate("askfirst.track('open'); history.pushState(0, '', '/three')")
    later(tab)
    assert pages(visitor) == ["/three"]
    assert len(visitor.events) == 2


def test_what_waits_leaves_with_the_page(shop: Site, arrive: Arrive) -> None:
    """On leaving, the queue goes by sendBeacon, as text/plain, once."""
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    tab = clocked(visitor)
    tab.evaluate("askfirst.track('open')")
    tab.goto(shop.url("/icon.svg"))
    until(tab, lambda: len(visitor.events) == 2)
    (came,) = [each for each in shop.received if each.path == EVENTS]
    assert came.headers["content-type"].startswith("text/plain")


def test_a_site_that_is_away_is_asked_again(shop: Site, arrive: Arrive) -> None:
    """A 503 and a lost connection are tried again, with the same batch, until the site answers."""
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    answers = [lambda route: route.fulfill(status=503), lambda route: route.abort()]

    def answer(route: Route) -> None:
        (answers.pop(0) if answers else lambda route: route.continue_())(route)

    visitor.context.route(f"**{EVENTS}", answer)
    tab = clocked(visitor)
    for _ in range(6):
        later(tab, 30)
    assert len(visitor.tries) == 3
    assert len(set(visitor.tries)) == 1
    assert len(visitor.batches) == 1


def stored(tab: Tab) -> dict[str, Any]:
    """Names of what the page keeps, our own cookies aside."""
    found: dict[str, Any] = tab.evaluate(
        """() => ({
            cookies: document.cookie.split("; ").map((each) => each.split("=")[0]).sort(),
            local: Object.keys(localStorage).sort(), session: Object.keys(sessionStorage).sort(),
        })"""
    )
    return found


def test_a_withdrawal_clears_and_silences(shop: Site, arrive: Arrive) -> None:
    """M12: declared cookies and storage go, the queue is dropped, nothing is sent on leaving."""
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    tab = clocked(visitor, "/shop/shoes")
    tab.evaluate(
        """() => {
            document.cookie = "_stat_id=1; Path=/"; document.cookie = "_stat_deep=1; Path=/shop";
            document.cookie = "_stat_slash=1; Path=/shop/"; document.cookie = "cart=1; Path=/";
            localStorage.setItem("stat-id", "1"); localStorage.setItem("cart", "1");
            sessionStorage.setItem("stat-visit", "1");
            askfirst.track("open");
        }"""
    )
    tab.locator("#askfirst-control button[value=withdraw]").click()
    until(tab, lambda: not tab.evaluate("askfirst.allows('statistics')"))
    until(tab, lambda: stored(tab)["cookies"] == ["__Host-askfirst", "cart"])
    assert stored(tab)["local"] == ["cart"]
    assert stored(tab)["session"] == []
    tab.evaluate("askfirst.track('open'); history.pushState(0, '', '/after')")
    later(tab)
    tab.goto(shop.url("/icon.svg"))
    settled(tab)
    assert visitor.events == []


def test_other_tabs_stop_within_a_second(shop: Site, arrive: Arrive) -> None:
    """M12: the other tab's queue goes too; one that is not told looks before it sends."""
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    deaf = visitor.context.new_page()
    deaf.add_init_script("delete window.BroadcastChannel")
    stopped(deaf)
    visitor.go(deaf, "/")
    other = clocked(visitor)
    for tab in (deaf, other):
        tab.evaluate("askfirst.track('open')")
    other.evaluate("void askfirst.on('change', () => { window.told = true; })")
    first = visitor.open("/two")
    visitor.wait_for_events(first, 1)
    visitor.forget()
    first.locator("#askfirst-control button[value=withdraw]").click()
    until(first, lambda: not first.evaluate("askfirst.allows('statistics')"))
    until(other, lambda: bool(other.evaluate("window.told")), seconds=1)
    assert not other.evaluate("askfirst.allows('statistics')")
    for tab in (deaf, other):
        later(tab)
        tab.goto(shop.url("/icon.svg"))
        settled(tab)
    assert visitor.events == []


def test_a_grant_the_site_does_not_know_ends_here(shop: Site, arrive: Arrive) -> None:
    """M46: a cookie without its receipt grants nothing: it is taken back, the page stops."""
    visitor = arrive(shop)
    visitor.granted(**ONLY)
    visitor.context.clear_cookies(name="__Host-askfirst-receipt")
    tab = clocked(visitor)
    later(tab, 2)
    until(tab, lambda: not tab.evaluate("askfirst.allows('statistics')"))
    assert len(visitor.batches) == 1
    tab.evaluate("history.pushState(0, '', '/after')")
    later(tab)
    assert len(visitor.batches) == 1
