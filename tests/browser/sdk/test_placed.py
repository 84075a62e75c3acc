"""What is sent for a collector placed on a page: under a grant that names it, from its pages."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import Response

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import SCRIPT, Page, Site, page, policy, script
from tests.browser.sdk.test_tracker import WIDE, clocked, later
from tests.browser.sdk.visitor import EVENTS, Visitor, settled, until

pytestmark = pytest.mark.browser

NAME = "tides/statistics"
OWN = {"statistics": 2, "marketing": 0, "preferences": 0}
ITS = {"statistics": 0, "marketing": 0, "preferences": 0, NAME: 2}
BOTH = {**OWN, NAME: 2}
TERMS: dict[str, Any] = {
    "levels": {"time": 1, "page": 1, "screen": 1, "action": 2},
    "actions": {"open": {}, "signup": {"plan": ["free"]}},
    "cookies": ["_stat*"],
}
TERMS_OF_SITE = policy(statistics={**WIDE, "levels": {**WIDE["levels"], "screen": 2}})


def element(key: str, name: str = "tides") -> str:
    """The one line that an owner places on a page."""
    return f'<span hidden data-askfirst-collector="{key}" data-askfirst-name="{name}"></span>'


@pytest.fixture
def port(serve: Serve) -> Site:
    """A site on whose pages below /tides/ a collector stands."""
    site = serve(TERMS_OF_SITE, placed=[{"statistics": TERMS}])
    line = element(site.keys["tides"])
    for path in ("/tides/42/today", "/tides/two", "/elsewhere"):
        site.pages[path] = page(line)
    return site


def placed(visitor: Visitor) -> list[dict[str, Any]]:
    """The batches that were sent for a placed collector."""
    return [batch for batch in visitor.batches if "collector" in batch]


def own(visitor: Visitor) -> list[dict[str, Any]]:
    """The events that the site itself sent."""
    return [
        each for batch in visitor.batches if "collector" not in batch for each in batch["events"]
    ]


def answered(visitor: Visitor) -> list[dict[str, Any]]:
    """What the site answers to batches from here on."""
    found: list[dict[str, Any]] = []

    def hear(response: Response) -> None:
        if response.url.endswith(EVENTS):
            found.append(response.json())

    visitor.context.on("response", hear)
    return found


def leave(tab: Tab, port: Site) -> None:
    """Go to a page without us: whatever was going to be sent has been by then."""
    tab.goto(port.url("/icon.svg"))
    settled(tab)


def test_nothing_before_an_answer(port: Site, arrive: Arrive) -> None:
    """M01, M02: on its pages too nothing is kept, and nothing asked for but our static files."""
    visitor = arrive(port)
    tab = visitor.open("/tides/42/today")
    tab.locator("#askfirst-notice .askfirst-placed").wait_for()
    tab.evaluate("askfirst.track('open')")
    settled(tab)
    leave(tab, port)
    assert visitor.beyond_static() == []
    assert visitor.context.cookies() == []
    assert port.received == []
    assert visitor.errors == []


def test_a_grant_that_names_it_sends_its_events(port: Site, arrive: Arrive) -> None:
    """M14, M49: a batch of its own with key and vouch, the whole path, the rest cut to level."""
    visitor = arrive(port)
    visitor.granted(**BOTH)
    answers = answered(visitor)
    tab = visitor.open("/tides/42/today?sort=price")
    until(tab, lambda: len(answers) == 2)
    (batch,) = placed(visitor)
    assert batch["collector"] == port.keys["tides"]
    assert len(batch["vouch"]) == 43
    assert batch["events"] == [
        {"purpose": NAME, "type": "page_view", "page": "/tides/42/today", "screen": "desktop"}
    ]
    (view,) = own(visitor)
    assert view["purpose"] == "statistics"
    assert view["page"] == "/tides/42/today?sort=price"
    assert answers == [{"stored": 1, "dropped": []}] * 2
    assert visitor.errors == []


@pytest.mark.parametrize(("choices", "sent"), [(OWN, {"statistics"}), (ITS, set())])
def test_a_grant_sends_what_it_names(
    port: Site, arrive: Arrive, choices: dict[str, int], sent: set[str]
) -> None:
    """M14: under a grant of the site's purpose alone nothing of the collector's goes.

    Nor anything of a collector whose purpose is off at the site: it is met with the site's own.
    """
    visitor = arrive(port)
    visitor.granted(**choices)
    tab = visitor.open("/tides/two")
    tab.evaluate("askfirst.track('open')")
    visitor.wait_for_events(tab, 2 * len(sent))
    leave(tab, port)
    assert {event["purpose"] for event in visitor.events} == sent


def test_what_happened_before_its_grant_is_never_sent(port: Site, arrive: Arrive) -> None:
    """M13: the page on which a visitor agrees to it is not counted, the next one is."""
    visitor = arrive(port)
    visitor.granted(**OWN)
    tab = visitor.open("/tides/42/today")
    visitor.wait_for_events(tab, 1)
    visitor.answer(tab, "Accept")
    until(tab, lambda: bool(tab.evaluate(f"askfirst.allows({NAME!r})")))
    visitor.go(tab, "/tides/two")
    until(tab, lambda: bool(placed(visitor)))
    assert [event["page"] for batch in placed(visitor) for event in batch["events"]] == [
        "/tides/two"
    ]


def test_listed_actions_are_told_apart(port: Site, arrive: Arrive) -> None:
    """M25: each is cut to its own terms: what the collector does not list is not told to it."""
    visitor = arrive(port)
    visitor.granted(**BOTH)
    tab = visitor.open("/tides/two")
    tab.evaluate("askfirst.track('signup', { plan: 'pro', seats: 3 }); askfirst.track('secret')")
    until(tab, lambda: len(visitor.events) == 4)
    (event,) = [e for b in placed(visitor) for e in b["events"] if e["type"] == "action"]
    assert event["action"] == {"name": "signup", "properties": {"plan": ""}}
    (event,) = [each for each in own(visitor) if each["type"] == "action"]
    assert event["action"]["properties"] == {"plan": "pro", "seats": 0}


def test_a_vouch_is_for_the_page_that_was_loaded(port: Site, arrive: Arrive) -> None:
    """M49: after a navigation within the document only the site goes on, until the page is back."""
    visitor = arrive(port)
    visitor.granted(**BOTH)
    tab = visitor.open("/tides/two")
    until(tab, lambda: len(visitor.events) == 2)
    visitor.forget()
    tab.evaluate("history.pushState(0, '', '/tides/42/today'); askfirst.track('open')")
    until(tab, lambda: len(own(visitor)) == 2)
    assert placed(visitor) == []
    tab.evaluate("history.replaceState(0, '', '/tides/two'); askfirst.track('open')")
    until(tab, lambda: sum(len(batch["events"]) for batch in placed(visitor)) == 2)
    assert {e["page"] for b in placed(visitor) for e in b["events"]} == {"/tides/two"}


def test_a_router_that_moved_on_before_us_is_not_believed(port: Site, arrive: Arrive) -> None:
    """M49: what the address bar says is not where the page came from, and nothing asks for it."""
    port.pages["/move.js"] = script("history.replaceState(0, '', '/tides/two')")
    port.pages["/elsewhere"] = page(
        element(port.keys["tides"]), head='<script src="/move.js"></script>'
    )
    visitor = arrive(port)
    visitor.granted(**BOTH)
    tab = visitor.open("/elsewhere")
    visitor.wait_for_events(tab, 1)
    leave(tab, port)
    assert placed(visitor) == []


@pytest.mark.parametrize(
    "line",
    [
        element("", "tides"),
        element("key", ""),
        element("key", "other"),
        element("key", "__proto__"),
        element("key", "tides/statistics"),
        '<p data-askfirst-collector="key"></p>',
        "<form data-askfirst-collector data-askfirst-name><input name=dataset></form>",
        '<svg data-askfirst-collector="k" data-askfirst-name="&#0;\u202e"></svg>',
    ],
)
def test_an_element_that_names_nothing_is_passed_over(
    port: Site, arrive: Arrive, line: str
) -> None:
    """Unknown names and malformed lines are silent: the page goes on, the site's events as well."""
    port.pages["/tides/two"] = page(line)
    visitor = arrive(port)
    visitor.granted(**BOTH)
    tab = visitor.open("/tides/two")
    visitor.wait_for_events(tab, 1)
    leave(tab, port)
    assert placed(visitor) == []
    assert {event["purpose"] for event in visitor.events} == {"statistics"}
    assert visitor.errors == []


def test_a_wrong_key_gathers_nothing(port: Site, arrive: Arrive) -> None:
    """M49: whatever an element says, the site drops what its key is not for; consent stays."""
    port.pages["/tides/two"] = page(element("nobodys-key") + element(port.keys["tides"]))
    visitor = arrive(port)
    visitor.granted(**BOTH)
    answers = answered(visitor)
    tab = visitor.open("/tides/two")
    until(tab, lambda: len(answers) == 2)
    refused = [answer for answer in answers if not answer["stored"]]
    assert [drop["reason"] for answer in refused for drop in answer["dropped"]] == [
        "unknown-collector"
    ]
    assert tab.evaluate(f"askfirst.allows({NAME!r})")


BREAKS = {
    "no timing": "performance.getEntriesByType = () => []",
    "timing throws": "performance.getEntriesByType = () => { throw new Error('no') }",
    "a timing of its own": "performance.getEntriesByType = () => [{ serverTiming: 7, name: 7 }]",
    "a description that is none": """performance.getEntriesByType = () => [
        { name: location.href, serverTiming: [{ name: 'askfirst' }, null] },
    ]""",
}


@pytest.mark.parametrize("source", BREAKS.values(), ids=BREAKS.keys())
def test_without_a_vouch_nothing_is_sent(port: Site, arrive: Arrive, source: str) -> None:
    """A page that hides the gate's word, or breaks what we use, hears of no error of ours."""
    port.pages["/break.js"] = script(source)
    line = element(port.keys["tides"])
    port.pages["/tides/two"] = page(line, head='<script src="/break.js"></script>')
    visitor = arrive(port)
    visitor.granted(**BOTH)
    tab = visitor.open("/tides/two")
    visitor.wait_for_events(tab, 1)
    leave(tab, port)
    assert placed(visitor) == []
    assert {event["purpose"] for event in visitor.events} == {"statistics"}
    assert visitor.errors == []


def test_a_withdrawal_of_it_stops_it_alone(port: Site, arrive: Arrive) -> None:
    """M12: what waits for it is dropped, its cookies go, and the site's own events go on."""
    visitor = arrive(port)
    visitor.granted(**BOTH)
    tab = clocked(visitor, "/tides/two")
    tab.evaluate("document.cookie = '_stat_tide=1; Path=/'; askfirst.track('open')")
    tab.evaluate("askfirst.show()")
    tab.locator(f"dialog [name='purpose.{NAME}']").uncheck()
    tab.get_by_role("button", name="Save choices").click()
    until(tab, lambda: not tab.evaluate(f"askfirst.allows({NAME!r})"))
    until(tab, lambda: "_stat_tide" not in tab.evaluate("document.cookie"))
    later(tab)
    leave(tab, port)
    assert placed(visitor) == []
    assert {event["type"] for event in own(visitor)} == {"page_view", "action"}


def test_scripts_wait_for_it_by_name(port: Site, arrive: Arrive) -> None:
    """M14: an owner's script runs once its own purpose is granted, and not under the site's."""
    waits = f'<script type="text/plain" data-purpose="{NAME}" src="/tides.js"></script>'
    port.pages["/tides/two"] = page(waits)
    port.pages["/tides.js"] = script("window.ran = true")
    visitor = arrive(port)
    visitor.granted(**OWN)
    tab = visitor.open("/tides/two")
    settled(tab)
    assert tab.evaluate("window.ran") is None
    visitor.answer(tab, "Accept")
    until(tab, lambda: bool(tab.evaluate("window.ran")))


def test_where_the_site_counts_it_still_tells_its_own(serve: Serve, arrive: Arrive) -> None:
    """A site that counts page views itself counts its own: the collector's come from the page."""
    site = serve({**TERMS_OF_SITE, "server_side": True}, placed=[{"statistics": TERMS}])
    site.pages["/tides/two"] = page(element(site.keys["tides"]))
    visitor = arrive(site)
    visitor.granted(**BOTH)
    tab = visitor.open("/tides/two")
    until(tab, lambda: bool(placed(visitor)))
    assert {event["purpose"] for event in visitor.events} == {NAME}


def test_a_page_pays_for_what_stands_there(port: Site, site: Site, arrive: Arrive) -> None:
    """placed.js is fetched where the site has a collector, and nowhere else."""
    for each, expected in ((port, 1), (site, 0)):
        visitor = arrive(each)
        tab = visitor.open()
        settled(tab)
        asked = [request for request in visitor.requests if "/placed.js" in request.url]
        assert len(asked) == expected


def test_no_rule_of_the_strictest_page_is_broken(port: Site, arrive: Arrive) -> None:
    """M38: with the policy of M38, asking, agreeing and sending violate nothing."""
    assert port.pages["/tides/two"] == Page(page(element(port.keys["tides"])).html)
    assert SCRIPT in port.pages["/tides/two"].html
    visitor = arrive(port)
    tab = visitor.context.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    visitor.go(tab, "/tides/two")
    visitor.answer(tab, "Accept all")
    visitor.go(tab, "/tides/42/today")
    until(tab, lambda: bool(placed(visitor)))
    assert said == []


def test_pages_that_are_added_are_asked_about_there(serve: Serve, arrive: Arrive) -> None:
    """M16, M49: an answer on another page in between does not answer for the added pages."""
    first = serve(TERMS_OF_SITE, placed=[{"statistics": TERMS}])
    visitor = arrive(first)
    own_choices = {"statistics": 2, "marketing": 0, "preferences": 0}
    visitor.granted(**own_choices, **{"tides/statistics": 2})
    wider = {"statistics": TERMS, "pages": ["/ports/**", "/tides/**"]}
    site = visitor.site = serve(TERMS_OF_SITE, folder=first.folder, placed=[wider])
    for path in ("/ports/cork", "/tides/two"):
        site.pages[path] = page(element(site.keys["tides"]))
    asks = "askfirst.consent.asks.map(({ purpose }) => purpose)"
    visitor.granted(**own_choices)
    for path, asked in (("/", []), ("/ports/cork", ["tides/statistics"])):
        tab = visitor.open(path)
        assert tab.evaluate(asks) == asked
        tab.close()
    tab = visitor.open("/tides/two")
    assert tab.evaluate(asks) == ["tides/statistics"]
    tab.locator("#askfirst-notice button[value=accept_all]").click()
    until(tab, lambda: tab.evaluate(asks) == [])
    assert tab.evaluate("askfirst.allows('tides/statistics')")
