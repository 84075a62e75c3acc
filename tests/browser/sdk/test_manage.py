"""The calls that people know from other consent tools, over a real page and a real site."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import SCRIPT, page, policy, script
from tests.browser.sdk.visitor import until

pytestmark = pytest.mark.browser

MANAGE = SCRIPT + '<script src="/askfirst/static/manage.js" defer></script>'
PULSE = {"name": "Pulse Ltd", "role": "processor", "country": "DK"}
# What an owner writes: listeners, buttons, and what a script does by itself, in a timer.
OWNER = """
addEventListener("DOMContentLoaded", () => {
    window.heard = [];
    for (const name of ["first-consent", "consent", "change"]) {
        addEventListener(`askfirst:${name}`, ({ detail }) => heard.push([name, detail.details]));
    }
    for (const name of ["onFirstConsent", "onConsent", "onChange"]) {
        AskFirst[name](({ scopes }) => heard.push([name, Object.keys(scopes)]));
    }
    for (const button of document.querySelectorAll("button[data-call]")) {
        const [name, ...words] = button.dataset.call.split(":");
        button.onclick = async () => {
            window.done = undefined;
            window.done = [name, await AskFirst[name](...words)];
        };
    }
    addEventListener("by-itself", ({ detail: [name, ...words] }) => setTimeout(async () => {
        window.done = [name, await AskFirst[name](...words)];
    }));
});
"""
CALLS = (
    "acceptAll",
    "acceptCategory:statistics",
    "acceptCategory:weather",
    "acceptService:Pulse Ltd",
    "reset",
)
DETAILS = "askfirst.consent.details"


def test_an_age_signal_of_the_page_ends_what_there_is_and_grants_nothing(
    serve: Serve, arrive: Arrive
) -> None:
    """M30: who was not asked is not; what was agreed to is erased; on that page it stays so."""
    site = serve(policy())
    signal = script('addEventListener("DOMContentLoaded", () => AskFirst.underAge());')
    site.pages |= {"/": page(script=MANAGE), "/signal.js": signal}
    site.pages["/young"] = page(head='<script src="/signal.js"></script>', script=MANAGE)
    child = arrive(site)
    tab = child.context.new_page()
    with tab.expect_response("**/askfirst/consent") as told:
        child.go(tab, "/young", ready=False)
    assert told.value.request.post_data_json["method"] == "reject_all"
    until(tab, lambda: tab.locator("#askfirst-notice").count() == 0)
    assert {cookie["name"] for cookie in child.context.cookies()} == {"__Host-askfirst"}

    other = arrive(site)
    tab = other.open()
    tab.get_by_role("button", name="Accept all").click()
    until(tab, lambda: tab.evaluate("askfirst.allows('statistics')"))
    with tab.expect_response("**/askfirst/rights/erase") as erased:
        other.go(tab, "/young")
    assert erased.value.ok
    until(tab, lambda: not any(tab.evaluate(f"Object.values({DETAILS})")))
    refusal = {c["name"]: c["value"] for c in child.context.cookies()}
    assert {c["name"]: c["value"] for c in other.context.cookies()} == refusal
    tab.evaluate("askfirst.show()")
    tab.get_by_role("switch", name="Statistics").check()
    with tab.expect_response("**/askfirst/rights/erase"):
        tab.get_by_role("button", name="Save choices").click()
    until(tab, lambda: not tab.evaluate("askfirst.allows('statistics')"))
    assert child.errors == other.errors == []


def done(tab: Tab, name: str) -> Any:
    """What the call of that name came to."""
    until(tab, lambda: bool(tab.evaluate(f"window.done?.[0] === '{name}'")))
    return tab.evaluate("done[1]")


def press(tab: Tab, call: str) -> Any:
    """A visitor presses the owner's button."""
    tab.locator(f"button[data-call='{call}']").click()
    return done(tab, call.partition(":")[0])


def test_an_owner_has_buttons_of_their_own(serve: Serve, arrive: Arrive) -> None:
    """M47: what a visitor pressed is granted, what a script does by itself is not; all is told."""
    site = serve(policy(marketing={"recipients": [PULSE]}))
    # Driven from outside, a page would count as pressed: the timer is the page's own.
    early = """addEventListener("load", () => setTimeout(
        () => dispatchEvent(new CustomEvent("by-itself", {detail: ["acceptAll"]}))
    ))"""
    site.pages["/owner.js"] = script(OWNER)
    site.pages["/early.js"] = script(early)
    buttons = "".join(f"<button data-call='{call}'>{call}</button>" for call in CALLS)
    owner = '<script src="/owner.js"></script>'
    site.pages["/"] = page(buttons, head=owner + '<script src="/early.js"></script>', script=MANAGE)
    site.pages["/two"] = page(buttons, head=owner, script=MANAGE)
    visitor = arrive(site)
    tab = visitor.open()
    warnings: list[str] = []
    tab.on("console", lambda message: warnings.append(message.text))

    assert done(tab, "acceptAll") is False
    assert tab.evaluate(f"[AskFirst.has('statistics'), {DETAILS}, heard]") == [False, {}, []]
    assert [received.path for received in site.received] == []

    notice = tab.locator("#askfirst-notice")
    tab.evaluate("AskFirst.hide()")
    expect(notice).to_be_hidden()
    tab.evaluate("AskFirst.show()")
    expect(notice).to_be_visible()

    for nothing in ("undefined", "[undefined]", "{}"):
        assert tab.evaluate(f"AskFirst.acceptCategory({nothing})") is False
    until(tab, lambda: sum("acceptCategory takes a purpose" in text for text in warnings) == 2)
    assert any("no purpose is called undefined; there are marketing" in text for text in warnings)
    assert tab.evaluate(DETAILS) == {}
    assert press(tab, "acceptCategory:weather") is False
    until(tab, lambda: any("no purpose is called weather" in text for text in warnings))
    assert press(tab, "acceptCategory:statistics") is True
    only = {"statistics": 2, "marketing": 0, "preferences": 0}
    assert tab.evaluate(DETAILS) == only
    until(tab, lambda: len(tab.evaluate("heard")) == 4)
    assert tab.evaluate("heard") == [
        ["onFirstConsent", ["statistics"]],
        ["first-consent", only],
        ["onConsent", ["statistics"]],
        ["consent", only],
    ]
    expect(notice).to_have_count(0)

    assert press(tab, "acceptService:Pulse Ltd") is True
    assert tab.evaluate(DETAILS) == {**only, "marketing": 2}
    tab.evaluate("dispatchEvent(new CustomEvent('by-itself', {detail: ['rejectAll']}))")
    assert done(tab, "rejectAll") is True
    until(tab, lambda: not any(tab.evaluate(f"Object.values({DETAILS})")))
    assert [name for name, _ in tab.evaluate("heard")[4:]] == ["onChange", "change"] * 2
    # Whoever listens late on that page hears of what has been.
    late = "new Promise((told) => AskFirst.onFirstConsent(({ scopes }) => told(scopes)))"
    assert tab.evaluate(late) == {}

    visitor.go(tab, "/two")
    until(tab, lambda: len(tab.evaluate("heard")) == 2)
    assert [name for name, _ in tab.evaluate("heard")] == ["onConsent", "consent"]
    assert press(tab, "reset") is True
    expect(notice).to_be_visible()
    assert press(tab, "acceptAll") is True
    assert (
        tab.evaluate("heard").count(["onFirstConsent", ["marketing", "preferences", "statistics"]])
        == 1
    )
    tab.evaluate("AskFirst.showPreferences()")
    expect(tab.locator("dialog[open]")).to_be_visible()
    assert visitor.errors == []
