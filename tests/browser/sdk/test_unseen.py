"""M41: a page nobody looks at yet tells nothing; one that comes back reads consent again."""

from __future__ import annotations

import pytest

from tests.browser.sdk.conftest import Profile
from tests.browser.sdk.site import PATIENCE, Site, page, script
from tests.browser.sdk.visitor import Visitor, settled, until

pytestmark = pytest.mark.browser

ONLY = {"statistics": 2, "marketing": 0, "preferences": 0}


# Playwright's Chromium asks for a page ahead, but never lets it run and be activated.
AHEAD = """
    let ahead = true;
    Object.defineProperty(Document.prototype, "prerendering", { get: () => ahead });
    window.activate = () => {
        ahead = false;
        document.dispatchEvent(new Event("prerenderingchange"));
    };
"""


def test_a_prerendered_page_tells_nothing_until_it_is_seen(site: Site, visitor: Visitor) -> None:
    """M41: while it is prerendered a page asks, runs and tells nothing; then it does."""
    visitor.granted(**ONLY)
    site.pages["/"] = page(
        '<script type="text/plain" data-purpose="statistics" src="/a.js"></script>'
    )
    site.pages["/a.js"] = script("window.ran = true")
    tab = visitor.context.new_page()
    tab.add_init_script(AHEAD)
    tab.clock.install()
    visitor.go(tab, "/", ready=False)
    tab.evaluate("askfirst.track('open'); history.pushState(0, '', '/elsewhere')")
    tab.clock.run_for(60_000)
    settled(tab)
    assert not tab.evaluate("askfirst.allows('statistics') || window.ran")
    assert visitor.events == []
    assert not [request for request in visitor.requests if "/policy" in request.url]
    tab.evaluate("activate()")
    visitor.known(tab)
    until(tab, lambda: bool(tab.evaluate("window.ran")))
    tab.clock.run_for(2000)
    visitor.wait_for_events(tab, 1)
    assert [(event["type"], event["page"]) for event in visitor.events] == [
        ("page_view", "/elsewhere")
    ]


def test_a_page_from_the_back_forward_cache_reads_consent_again(
    site: Site, profile: Profile
) -> None:
    """M41, M52: withdrawn on the next page, what comes back knows it and sends nothing."""
    context = profile(ignore_default_args=["--disable-back-forward-cache"])
    visitor = Visitor(context, site)
    visitor.granted(**ONLY)
    tab = visitor.open()
    tab.evaluate(
        "void addEventListener('pageshow', (shown) => { window.restored = shown.persisted; })"
    )
    visitor.wait_for_events(tab, 1)
    visitor.go(tab, "/two")
    visitor.wait_for_events(tab, 2)
    tab.locator("#askfirst-control button[value=withdraw]").click()
    until(tab, lambda: not tab.evaluate("askfirst.allows('statistics')"))
    visitor.forget()
    tab.go_back(wait_until="commit")
    until(tab, lambda: tab.evaluate("window.restored") is not None)
    assert tab.evaluate("restored"), "the page did not come out of the cache"
    assert not tab.evaluate("askfirst.allows('statistics')")
    tab.evaluate("history.pushState(0, '', '/after')")
    tab.goto(site.url("/icon.svg"))
    settled(tab)
    assert visitor.events == []


def test_a_page_that_comes_back_under_a_grant_is_seen_again(site: Site, profile: Profile) -> None:
    """M41: the restored page is one page view more, after it was restored."""
    context = profile(ignore_default_args=["--disable-back-forward-cache"])
    visitor = Visitor(context, site)
    visitor.granted(**ONLY)
    tab = visitor.open()
    visitor.wait_for_events(tab, 1)
    visitor.go(tab, "/two")
    visitor.wait_for_events(tab, 2)
    tab.go_back(wait_until="commit")
    until(tab, lambda: len(visitor.events) == 3, seconds=PATIENCE)
    assert [event["page"] for event in visitor.events] == ["/", "/two", "/"]
