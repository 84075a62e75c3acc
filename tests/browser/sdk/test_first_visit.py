"""Before there is an answer, and after a refusal: nothing is read, kept, asked for or sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.sdk.conftest import Profile
from tests.browser.sdk.site import NOTICE, STRICT, Site, page, script
from tests.browser.sdk.visitor import Visitor, settled

pytestmark = pytest.mark.browser

TEMPTING = page(
    '<p>Words</p><a href="/two">Two</a>'
    '<script type="text/plain" data-purpose="statistics" src="/tag.js"></script>'
    '<script type="text/plain" data-purpose="marketing" src="http://ads.test/pixel.js"></script>'
    '<script type="text/plain" data-category="statistics" src="http://stats.test/tag.js"></script>'
)
STATE = "__Host-askfirst"
KEPT = """async () => ({
    local: Object.keys(localStorage), session: Object.keys(sessionStorage),
    cookies: document.cookie,
    databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    folders: await Array.fromAsync((await navigator.storage.getDirectory()).keys()),
})"""
NOTHING_KEPT = {
    "local": [], "session": [], "cookies": "", "databases": 0, "caches": 0, "workers": 0,
    "folders": [],
}  # fmt: skip
# Every probing API of M02, and what tells one screen or system from another.
PROBES = """
    window.probed = [];
    const watch = (object, name) => {
        const found = object && Object.getOwnPropertyDescriptor(object, name);
        if (!found?.configurable) return;
        const tell = (of) => function (...given) {
            probed.push(name);
            return of?.apply(this, given);
        };
        const read = found.get && { get: tell(found.get) };
        Object.defineProperty(object, name, read ?? { value: tell(found.value), writable: true });
    };
    watch(globalThis.NavigatorUAData?.prototype, "getHighEntropyValues");
    for (const name of ["getContext", "toDataURL", "toBlob"])
        watch(HTMLCanvasElement.prototype, name);
    for (const name of ["AudioContext", "OfflineAudioContext"]) watch(globalThis, name);
    for (const name of ["plugins", "mimeTypes", "deviceMemory", "hardwareConcurrency", "getBattery",
        "userAgent", "platform", "languages"]) watch(Navigator.prototype, name);
    for (const name of ["check", "load", "forEach"]) watch(FontFaceSet.prototype, name);
    for (const name of ["width", "height", "colorDepth"]) watch(Screen.prototype, name);
    watch(Document.prototype, "referrer");
"""


def idle(tab: Page) -> None:
    """Ten seconds of a visitor who does nothing, then whatever is on its way."""
    tab.clock.run_for(10_000)
    settled(tab)


@pytest.mark.parametrize("helper", [False, True])
def test_nothing_happens_before_an_answer(site: Site, visitor: Visitor, helper: bool) -> None:
    """M01, M02: nothing kept, nothing asked for beyond our static files, nothing probed."""
    site.pages["/"] = page(NOTICE + TEMPTING.html) if helper else TEMPTING
    visitor.context.add_init_script(PROBES)
    tab = visitor.context.new_page()
    tab.clock.install()
    visitor.go(tab, "/")
    tab.locator("#askfirst-notice").wait_for()
    idle(tab)
    assert tab.evaluate(KEPT) == NOTHING_KEPT
    assert visitor.context.cookies() == []
    assert visitor.beyond_static() == []
    assert tab.evaluate("probed") == []
    assert site.asked_for("/tag.js") == 0
    tab.goto("about:blank")
    assert visitor.beyond_static() == []


def test_the_probes_would_be_seen(site: Site, visitor: Visitor) -> None:
    """M02: the net above catches what it is meant to catch."""
    visitor.context.add_init_script(PROBES)
    tab = visitor.open()
    tab.evaluate(
        "[navigator.plugins, screen.width, document.createElement('canvas').getContext('2d')]"
    )
    assert tab.evaluate("probed") == ["plugins", "width", "getContext"]


def test_a_refusal_leaves_one_cookie(site: Site, visitor: Visitor) -> None:
    """M08: after a refusal M01 still holds, but for the state cookie."""
    site.pages["/"] = TEMPTING
    site.pages["/tag.js"] = script("")
    tab = visitor.open()
    visitor.answer(tab, "Reject all")
    assert [cookie["name"] for cookie in visitor.context.cookies()] == [STATE]
    visitor.requests.clear()
    for _ in range(20):
        visitor.go(tab, "/")
        assert tab.locator("#askfirst-notice").count() == 0
    settled(tab)
    kept = tab.evaluate(KEPT)
    assert kept.pop("cookies").startswith(f"{STATE}=")
    assert kept == {name: value for name, value in NOTHING_KEPT.items() if name != "cookies"}
    assert visitor.beyond_static() == []
    assert site.asked_for("/tag.js") == 0
    assert not [r for r in visitor.requests if "/tracker.js" in r.url]


def looked_up(log: Path) -> set[str]:
    """Every host that Chromium resolved, preconnected to, or asked for, by its own log."""
    text = log.read_text("utf-8")
    found = json.loads(text if text.rstrip().endswith("}") else text.rstrip().rstrip(",") + "]}")
    hosts: set[str] = set()
    for event in found["events"]:
        told: dict[str, Any] = event.get("params") or {}
        hosts |= {str(told[key]) for key in ("host", "url", "dns_query_host") if told.get(key)}
    return hosts


def test_no_name_is_looked_up_and_a_refusal_survives_a_restart(
    site: Site, profile: Profile, tmp_path: Path
) -> None:
    """M01, M08: no DNS, no preconnect for what waits; after a restart nobody is asked again."""
    site.pages["/"] = TEMPTING
    visitor = Visitor(profile(), site)
    tab = visitor.open()
    tab.locator("#askfirst-notice").wait_for()
    visitor.answer(tab, "Reject all")
    visitor.go(tab, "/two")
    visitor.context.close()
    again = Visitor(profile(), site)
    tab = again.open()
    assert tab.evaluate("askfirst.consent.source") == "visitor"
    assert tab.locator("#askfirst-notice").count() == 0
    again.context.close()
    for log in ("net-0.json", "net-1.json"):
        seen = looked_up(tmp_path / log)
        assert any(site.origin.removeprefix("http://") in host for host in seen), "the log is empty"
        assert not [host for host in seen if "ads.test" in host or "stats.test" in host]


def test_a_grant_would_look_them_up(site: Site, profile: Profile, tmp_path: Path) -> None:
    """M01: the log above shows names that are looked up."""
    site.pages["/"] = page(TEMPTING.html)
    policy = STRICT.replace("script-src 'self'", "script-src 'self' http:")
    site.pages["/"].headers = {"content-security-policy": policy}
    visitor = Visitor(profile(), site)
    tab = visitor.open()
    with tab.expect_event("requestfailed", lambda request: "ads.test" in request.url):
        visitor.answer(tab, "Accept all")
    visitor.context.close()
    assert [host for host in looked_up(tmp_path / "net-0.json") if "ads.test" in host]
