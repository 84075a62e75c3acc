"""The page of the calls: every call is on it, and every example does what it says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import SCRIPT, page, policy, script
from tests.browser.sdk.visitor import until
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

TEXT = (ROOT / "docs/manage.md").read_text("utf-8")
EXAMPLES = re.findall(r"^## (\w+)\n.*?^```js\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
IDS = re.findall(r'querySelector\("#([a-z-]+)"\)', TEXT)
PULSE = {"name": "Pulse Ltd", "role": "processor", "country": "DK"}
MANAGE = SCRIPT + '<script src="/askfirst/static/manage.js" defer></script>'


def test_each_example_does_what_it_says(serve: Serve, arrive: Arrive) -> None:
    """M47: an owner copies an example, and a visitor's press does what stands above it."""
    site = serve(policy(marketing={"recipients": [PULSE]}))
    code = "".join(f"{{\n{example}}}\n" for _, example in EXAMPLES)
    site.pages["/owner.js"] = script(f'addEventListener("DOMContentLoaded", () => {{\n{code}}});')
    buttons = "".join(f'<button id="{name}">{name}</button>' for name in IDS)
    site.pages["/"] = page(buttons, head='<script src="/owner.js"></script>', script=MANAGE)
    visitor = arrive(site)
    tab = visitor.open(ready=False)
    lines: list[str] = []
    tab.on("console", lambda message: lines.append(message.text))

    until(tab, lambda: tab.title() == "3 questions")
    calls = tab.evaluate("Object.keys(AskFirst)")
    assert sorted(name for name, _ in EXAMPLES) == sorted([*calls, "Events"])

    notice, choices = tab.locator("#askfirst-notice"), tab.locator("dialog[open]")
    tab.locator("#hide").click()
    expect(notice).to_be_hidden()
    tab.locator("#show").click()
    expect(notice).to_be_visible()
    tab.locator("#show-preferences").click()
    expect(choices).to_be_visible()
    tab.keyboard.press("Escape")
    tab.locator("#has").click()
    assert tab.title() == "Statistics are off"

    tab.locator("#accept-category").click()
    until(tab, lambda: tab.title() == "Statistics alone")
    until(tab, lambda: lines == ["first statistics", "consent statistics"])
    tab.locator("#has").click()
    assert tab.title() == "Statistics are on"
    tab.locator("#accept-service").click()
    until(tab, lambda: tab.title() == "What Pulse Ltd is for, too")
    both = "marketing,statistics"
    until(tab, lambda: lines[2:] == [f"change {both}", f"event {both}"])
    tab.locator("#reject-all").click()
    until(tab, lambda: tab.title() == "All is off")
    until(tab, lambda: lines[4:] == ["change ", "event "])

    tab.locator("#stop").click()
    tab.locator("#accept-all").click()
    until(tab, lambda: tab.title() == "All is on")
    until(tab, lambda: lines[6:] == ["event marketing,preferences,statistics"])
    tab.locator("#reset").click()
    expect(notice).to_be_visible()
    assert not any(tab.evaluate("Object.keys(askfirst.consent.scopes)"))

    tab.locator("#accept-all").click()
    until(tab, lambda: len(tab.evaluate("Object.keys(askfirst.consent.scopes)")) == 3)
    with tab.expect_response("**/askfirst/rights/erase") as told:
        tab.locator("#under-age").click()
    assert told.value.ok
    until(tab, lambda: not any(tab.evaluate("Object.values(askfirst.consent.details)")))
    assert visitor.errors == []
