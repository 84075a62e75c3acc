"""When a page may ask what is allowed: before it is known, after it, beside rude libraries."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import SCRIPT, Page, Site, page, policy, script
from tests.browser.sdk.visitor import Visitor, settled, until

pytestmark = pytest.mark.browser

ONLY = {"statistics": 2, "marketing": 0, "preferences": 0}
ACTIONS = {"levels": {"time": 1, "page": 2, "action": 1, "visitor": 1}, "actions": {"signup": {}}}


def test_what_a_page_does_before_the_answer_is_known_waits(serve: Serve, arrive: Arrive) -> None:
    """M13: `track` waits under an answer; `ready` and a late listener get what is allowed."""
    site = serve(policy(statistics=ACTIONS))
    visitor = arrive(site)
    site.pages["/early.js"] = script("""
        addEventListener("DOMContentLoaded", async () => {
            window.early = askfirst.allows("statistics");
            askfirst.track("signup");
            window.atReady = Object.keys((await askfirst.ready).scopes);
            window.late = [];
            askfirst.on("change", (consent) => late.push(Object.keys(consent.scopes)));
            askfirst.on("change", () => late.push("stopped"))();
        });
    """)
    early = '<script src="/early.js"></script>'
    site.pages["/"] = page(head=early)
    tab = visitor.open()
    until(tab, lambda: bool(tab.evaluate("window.late?.length")))
    assert tab.evaluate("[early, atReady, late]") == [False, [], [[]]]
    visitor.answer(tab, "Accept all")
    settled(tab)
    assert [event["type"] for event in visitor.events] == []
    tab.close()
    tab = visitor.open()
    until(tab, lambda: bool(tab.evaluate("window.late?.length")))
    assert tab.evaluate("[early, atReady.length, late.length]") == [False, 3, 1]
    visitor.wait_for_events(tab, 2)
    assert {event["type"] for event in visitor.events} == {"page_view", "action"}


def test_choices_that_are_wanted_before_the_policy_is_known_open(
    site: Site, visitor: Visitor
) -> None:
    """M11: a page that shows the choices at once shows them, and not nothing."""
    site.pages["/early.js"] = script("addEventListener('DOMContentLoaded', () => askfirst.show());")
    site.pages["/"] = page(head='<script src="/early.js"></script>')
    visitor.open(ready=False).locator("dialog").wait_for()


def test_ready_calls_what_waited_for_the_page(site: Site, visitor: Visitor) -> None:
    """A script that waits for consent comes after `load`; `askfirst.ready` still calls it."""
    waits = "askfirst.ready.then(({ source }) => { document.title = source })"
    site.pages["/"] = Page(
        page(f'<script type="text/plain" data-purpose="statistics">{waits}</script>').html, {}
    )
    tab = visitor.open()
    assert tab.evaluate("document.readyState") == "complete"
    visitor.answer(tab, "Accept all")
    until(tab, lambda: tab.title() == "visitor")


def test_a_policy_that_could_not_be_had_is_asked_for_again(site: Site, visitor: Visitor) -> None:
    """Who arrives while a site starts is asked on that page, not only on the next one."""
    faults = iter(["503", "no network"])

    def starting(route: Route) -> None:
        match next(faults, ""):
            case "503":
                route.fulfill(status=503, body="{}")
            case "no network":
                route.abort()
            case _:
                route.continue_()

    visitor.context.route("**/askfirst/policy?*", starting)
    tab = visitor.open()
    visitor.answer(tab, "Accept all")
    assert tab.evaluate("askfirst.allows('statistics')")
    assert not visitor.errors


@pytest.mark.parametrize("name", ["Document", "Element", "HTMLScriptElement", "Window", "Event"])
def test_a_library_that_takes_a_name_of_the_browser(
    site: Site, visitor: Visitor, name: str
) -> None:
    """M45: MooTools puts functions of its own in the place of `Document` and `Element`."""
    site.pages["/before.js"] = script(f"window.{name} = function () {{}};")
    site.pages["/"] = page(head='<script src="/before.js"></script>', script=SCRIPT)
    tab = visitor.open()
    visitor.answer(tab, "Accept all")
    assert tab.evaluate("askfirst.allows('statistics')")
    tab.locator("#askfirst-control a").first.click()
    tab.locator("dialog").wait_for()


def test_a_page_that_wants_it_is_loaded_again_after_a_withdrawal(
    site: Site, visitor: Visitor
) -> None:
    """M12: `data-reload` ends what the page goes on with; without a withdrawal it stays."""
    site.pages["/"] = page(script=SCRIPT.replace(" defer", " data-reload defer"))
    tab = visitor.open()
    tab.evaluate("window.still = true")
    visitor.answer(tab, "Accept all")
    settled(tab)
    assert tab.evaluate("window.still")
    with tab.expect_navigation():
        tab.locator("#askfirst-control button[value=withdraw]").click()
    visitor.known(tab)
    assert not tab.evaluate("window.still || askfirst.allows('statistics')")
