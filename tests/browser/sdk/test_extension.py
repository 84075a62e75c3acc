"""A consent extension that people install refuses for them: autoconsent, as DuckDuckGo builds it.

It looks for what reads like a notice, and needs to know nothing of us; `consent_banner/rules` has a
rule in its format for what says less, such as a question about one collector. It never agrees: a
click that nobody made grants nothing (M47).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page as Tab

from tests.browser.browsers import missing
from tests.browser.sdk.conftest import Arrive, Profile, Serve
from tests.browser.sdk.site import NOTICE, Site, page
from tests.browser.sdk.visitor import Visitor, until
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

RULE = json.loads((ROOT / "consent_banner/rules/autoconsent.json").read_text("utf-8"))
REFUSED = {"marketing": 0, "preferences": 0, "statistics": 0}
HEADLESS = ("--headless=new", "--disable-features=DisableLoadExtensionCommandLineSwitch")
# It begins in the page, waits for its rules, and is then left to it.
BEGIN = """() => {
    window.autoconsentSendMessage = ({ type }) => {
        (window.heard ??= []).push(type);
        if (type === "init") setTimeout(() => autoconsentReceiveMessage(ORDER));
        return Promise.resolve();
    };
}"""


def built() -> Path:
    """The folder of the package's built files."""
    found = ROOT / "node_modules/@duckduckgo/autoconsent/dist"
    if not (found / "addon-mv3/manifest.json").is_file():
        missing("autoconsent is not here (npm install)")
    return found


@pytest.mark.parametrize("body", ["", NOTICE], ids=["built", "enhanced"])
@pytest.mark.parametrize("path", ["/two", "/tides/two"], ids=["the site", "a collector too"])
def test_the_extension_refuses_unaided(
    serve: Serve, profile: Profile, body: str, path: str
) -> None:
    """M42: installed in Chromium, with its own settings and rules, it rejects the notice."""
    site = serve(placed=[{}])
    site.pages |= {"/two": page(body), "/tides/two": page(body)}
    addon = built() / "addon-mv3"
    context = profile(
        f"--disable-extensions-except={addon}", f"--load-extension={addon}", *HEADLESS,
        ignore_default_args=["--disable-extensions"],
    )  # fmt: skip
    tab = context.new_page()
    tab.goto(site.url(path))
    until(tab, lambda: refused(tab), seconds=30)
    assert {str(each["name"]) for each in context.cookies()} == {"__Host-askfirst"}
    assert tab.locator("#askfirst-notice").count() == 0
    tab.goto(site.url("/tides/two"))
    until(tab, lambda: refused(tab))
    assert tab.locator("#askfirst-notice").count() == 0


def refused(tab: Tab) -> bool:
    """Whether everything the site asks about is answered with no, and nothing is allowed."""
    found: dict[str, Any] = tab.evaluate("window.askfirst?.consent ?? {}")
    return bool(found.get("details", {}).items() >= REFUSED.items() and not found["scopes"])


def with_rule(visitor: Visitor, path: str, action: str) -> Tab:
    """A page with the package's engine in it, and our rule alone."""
    config = {
        "enabled": True, "autoAction": action, "disabledCmps": [], "enablePrehide": True,
        "enableCosmeticRules": True, "detectRetries": 20, "visualTest": False, "logs": {},
    }  # fmt: skip
    order = {"type": "initResp", "config": config, "rules": {"autoconsent": [RULE]}}
    tab = visitor.open(path)
    tab.evaluate(BEGIN.replace("ORDER", json.dumps(order)))
    engine = (built() / "autoconsent.playwright.js").read_text("utf-8")
    tab.evaluate(f"() => {{ {engine} }}")
    return tab


def test_the_rule_refuses_what_is_asked(site: Site, arrive: Arrive) -> None:
    """M42: by the rule, whatever the notice says and in whatever language."""
    visitor = arrive(site)
    tab = with_rule(visitor, "/", "optOut")
    until(tab, lambda: refused(tab))
    until(tab, lambda: "optOutResult" in tab.evaluate("heard"))
    assert tab.locator("#askfirst-notice").count() == 0


def test_the_rule_refuses_a_collector_alone(serve: Serve, arrive: Arrive) -> None:
    """M42, M49: where only a collector asks, that alone is refused."""
    site = serve(placed=[{}])
    site.pages["/tides/two"] = page()
    visitor = arrive(site)
    visitor.granted(statistics=2, marketing=0, preferences=0)
    tab = with_rule(visitor, "/tides/two", "optOut")
    until(tab, lambda: tab.evaluate("askfirst.consent.details['tides/statistics']") == 0)
    assert tab.evaluate("Object.keys(askfirst.consent.scopes)") == ["statistics"]


def test_the_rule_agrees_to_nothing(site: Site, arrive: Arrive) -> None:
    """M47: an extension that is told to agree agrees to nothing here: its visitor is asked."""
    visitor = arrive(site)
    tab = with_rule(visitor, "/", "optIn")
    until(tab, lambda: "optInResult" in tab.evaluate("heard"))
    assert tab.locator("#askfirst-notice").count() == 1
    assert visitor.context.cookies() == []
    assert site.received == []
