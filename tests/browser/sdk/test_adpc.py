"""Advanced Data Protection Control: what a browser that has it says to a page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page as Tab

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import SCRIPT, Site, page, policy
from tests.browser.sdk.visitor import Visitor, until

pytestmark = pytest.mark.browser

LINE = SCRIPT + '<script src="/askfirst/static/adpc.js" defer></script>'
# No browser has it yet: the draft's own extension puts this into pages.
BROWSER = """
class Control extends EventTarget {
    async request(list) {
        window.requested = list;
        return JSON.parse(sessionStorage.decisions ?? '{"consent": ["statistics"]}');
    }
}
Object.defineProperty(navigator, "dataProtectionControl", { value: new Control() });
window.decide = (userDecisions) => navigator.dataProtectionControl.dispatchEvent(
    Object.assign(new Event("decisionchange"), { userDecisions }));
"""
DETAILS = "askfirst.consent.details"


@pytest.fixture
def site(serve: Serve) -> Site:
    site = serve(policy())
    site.pages["/"] = page(script=LINE)
    return site


def decide(tab: Tab, decisions: str, details: dict[str, int]) -> None:
    """The visitor changes a decision in the browser, and the site has it."""
    tab.evaluate(f"decide({decisions})")
    until(tab, lambda: tab.evaluate(DETAILS) == details)


def test_what_is_taken_back_in_the_browser_ends_here(site: Site, arrive: Arrive) -> None:
    """S07, M23, M47: it is asked in words; consent there grants nothing, what it ends has ended."""
    visitor = arrive(site)
    visitor.context.add_init_script(BROWSER)
    tab = visitor.open()
    until(tab, lambda: tab.evaluate("window.requested?.length") == 3)
    requested = tab.evaluate("requested")
    assert [one["id"] for one in requested] == ["marketing", "preferences", "statistics"]
    assert all(": " in one["text"] for one in requested)
    assert tab.evaluate("askfirst.consent.source") == "none"
    assert [one.path for one in site.received] == []

    visitor.answer(tab, "Accept all")
    rest = {"marketing": 2, "preferences": 2}
    decide(tab, '{ withdraw: ["statistics", "nonsense"] }', {**rest, "statistics": 0})
    rest = {"statistics": 0, "preferences": 2}
    objects = '{ consent: ["statistics"], object: ["direct-marketing"] }'
    decide(tab, objects, {**rest, "marketing": 0})
    nothing = dict.fromkeys(("marketing", "preferences", "statistics"), 0)
    decide(tab, '{ withdraw: ["*"] }', nothing)
    assert tab.evaluate("askfirst.consent.scopes") == {}
    assert visitor.errors == []


def test_a_decision_from_before_is_asked_for_on_every_page(site: Site, arrive: Arrive) -> None:
    """S07, M08: who withdrew all in the browser has refused here, without being asked."""
    visitor = arrive(site)
    before = """sessionStorage.decisions = '{"withdraw": ["*"]}';"""
    visitor.context.add_init_script(before + BROWSER)
    tab = visitor.open(ready=False)
    until(tab, lambda: tab.evaluate("window.askfirst?.consent.source") == "visitor")
    assert not any(tab.evaluate(f"Object.values({DETAILS})"))
    until(tab, lambda: tab.locator("#askfirst-notice").count() == 0)


def test_without_such_a_browser_nothing_happens(site: Site, visitor: Visitor) -> None:
    """M01: the line costs its own file."""
    visitor.open()
    assert visitor.beyond_static() == []
    assert site.received == []
