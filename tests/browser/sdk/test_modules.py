"""Signals out, for a page that imports askfirst: modules that do nothing by themselves."""

from __future__ import annotations

import json

import pytest

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import page, policy, script
from tests.browser.sdk.test_adpc import BROWSER
from tests.browser.sdk.visitor import until
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

EXPORTS = json.loads((ROOT / "package.json").read_text("utf-8"))["exports"]
MODULES = {"consent-mode": "consentMode", "gpp": "gpp", "adpc": "adpc"}
# An application: its modules come late, after the page is parsed and loaded.
APPLICATION = """
const late = new Promise((done) => addEventListener("load", () => setTimeout(done)));
await late;
const [{ consentMode }, { gpp }, { adpc }] =
    await Promise.all(["consent_mode", "gpp", "adpc"].map((name) => import(`/npm/${name}.js`)));
window.before = [window.askfirst, window.dataLayer, window.__gpp].map(String);
consentMode({ analytics: "statistics", ads: ["marketing"] });
consentMode({ analytics: "marketing" });
gpp({ ads: "marketing" });
adpc();
"""
PUSHED = "dataLayer.filter((call) => call[0] === 'consent').map(([, what, words]) => [what, words])"
GPP = "(() => { let answer; __gpp('ping', (ping) => { answer = ping; }); return answer; })()"


def test_signals_out_of_a_page_that_imports_them(serve: Serve, arrive: Arrive) -> None:
    """S04, S07, O01: importing does nothing, a call starts it once, and each follows the answer."""
    site = serve(policy())
    for file in (ROOT / "sdk/js/built").glob("*.js"):
        site.pages[f"/npm/{file.name}"] = script(file.read_text("utf-8"))
    site.pages["/app.js"] = script(APPLICATION)
    site.pages["/"] = page(script='<script type="module" src="/app.js"></script>')
    visitor = arrive(site)
    visitor.context.add_init_script(BROWSER)
    tab = visitor.open()
    assert tab.evaluate("before") == ["undefined"] * 3
    until(tab, lambda: tab.evaluate(GPP)["signalStatus"] == "ready")
    until(tab, lambda: bool(tab.evaluate("window.requested?.length")))
    assert tab.evaluate(GPP)["parsedSections"]["usnat"][0]["SaleOptOut"] == 1
    assert tab.locator("iframe[name=__gppLocator]").count() == 1
    ((what, words),) = tab.evaluate(PUSHED)
    assert (what, words["analytics_storage"], words["wait_for_update"]) == (
        "default",
        "denied",
        500,
    )

    visitor.answer(tab, "Accept all")
    until(tab, lambda: tab.evaluate(GPP)["parsedSections"]["usnat"][0]["SaleOptOut"] == 2)
    words = tab.evaluate(PUSHED)[-1][1]
    assert {words["analytics_storage"], words["ad_storage"]} == {"granted"}
    assert words["functionality_storage"] == "denied"
    tab.evaluate("decide({ object: ['direct-marketing'] })")
    until(tab, lambda: tab.evaluate(GPP)["parsedSections"]["usnat"][0]["SaleOptOut"] == 1)
    assert tab.evaluate(PUSHED)[-1][1]["ad_storage"] == "denied"
    assert visitor.errors == []


def test_each_is_an_export_of_the_package_with_its_types() -> None:
    """What npm hands out is there, and says what it takes."""
    for name, call in MODULES.items():
        export = EXPORTS[f"./{name}"]
        assert f"export declare function {call}(" in (ROOT / export["types"]).read_text("utf-8")
        assert (ROOT / export["default"]).is_file()
