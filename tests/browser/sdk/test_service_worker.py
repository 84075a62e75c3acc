"""A site whose service worker answers from its cache, first and for good."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .site import Page, Site, page, script
from .test_gated_scripts import ran, waiting
from .visitor import Visitor, settled, until

pytestmark = pytest.mark.browser
ONLY = {"statistics": 2, "marketing": 0, "preferences": 0}
WORKER = """
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => event.respondWith((async () => {
  const kept = await caches.open("all");
  const known = await kept.match(event.request, { ignoreVary: true });
  if (known) return known;
  const answer = await fetch(event.request);
  if (event.request.method === "GET") await kept.put(event.request, answer.clone());
  return answer;
})()));
"""
CONTROLLED = "navigator.serviceWorker.controller !== null"


def test_a_page_out_of_its_cache_runs_nothing_withdrawn(site: Site, visitor: Visitor) -> None:
    """M52: page, script and policy are those of the time of the grant; the answer is today's."""
    register = "<script src='/register.js'></script>"
    for path in ("/", "/two"):
        site.pages[path] = Page(page(register + waiting("counted")).html, {})
    site.pages["/register.js"] = script("navigator.serviceWorker.register('/worker.js')")
    site.pages["/worker.js"] = script(WORKER)
    site.pages["/counted.js"] = script("(window.ran ??= []).push('counted')")
    visitor.granted(**ONLY)
    tab = visitor.open()
    until(tab, lambda: bool(tab.evaluate(CONTROLLED)))
    tab.reload()
    until(tab, lambda: ran(tab) == ["counted"])
    visitor.go(tab, "/two")
    until(tab, lambda: ran(tab) == ["counted"])
    tab.locator("#askfirst-control button[value=withdraw]").click()
    until(tab, lambda: not tab.evaluate("askfirst.allows('statistics')"))
    before = site.asked_for("/")
    visitor.go(tab, "/")
    assert site.asked_for("/") == before, "the page did not come out of the cache"
    expect(tab.locator("#askfirst-control")).to_contain_text("Privacy choices: all off")
    settled(tab)
    assert ran(tab) == []
    assert not tab.evaluate("askfirst.allows('statistics')")
    assert visitor.errors == []
