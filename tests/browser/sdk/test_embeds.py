"""Frames, images, video and templates that wait: who would receive what stands in their place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import STRICT, Page, Site, page, policy
from tests.browser.sdk.visitor import Visitor, settled, until

pytestmark = pytest.mark.browser

MAPS = {"name": "Maps Ltd", "role": "processor", "country": "NL", "hosts": ["localhost"]}
OTHER = {"name": "Elsewhere", "role": "processor", "country": "NL", "hosts": ["elsewhere.example"]}
FRAME = '<iframe data-purpose="marketing" data-src="/map" title="Map" width="300"></iframe>'
OBJECTS = """
    <object data-purpose="marketing" data-src="/o.html" type="text/html"></object>
    <embed data-purpose="marketing" data-src="/e.html" type="text/html">
"""
REST = """
    <object data-purpose="marketing" data-src="/strict.html" type="text/html"></object>
    <img data-purpose="marketing" data-src="/i.svg" alt="">
    <video data-category="marketing" data-src="/v.webm" data-poster="/p.svg"></video>
    <template data-purpose="marketing"><p id="inside">inside</p></template>
    <img data-purpose="!marketing" data-src="/no.svg" alt="">
"""
CSP = STRICT + "; frame-src 'self'; media-src 'self'; object-src 'self'"
LOADED = ("/map", "/i.svg", "/v.webm", "/p.svg")


@pytest.fixture
def shop(serve: Serve) -> Site:
    """A page with a map of somebody else and more, under the strictest policy."""
    site = serve(policy(marketing={"recipients": [MAPS, OTHER]}))
    site.pages["/"] = Page(page(FRAME + REST).html, {"content-security-policy": CSP})
    csp = CSP.replace("; require-trusted-types-for 'script'", "")
    site.pages["/objects"] = Page(page(OBJECTS).html, {"content-security-policy": csp})
    for path in FRAMES:
        site.pages[path] = Page("<p>a map</p>", {})
    return site


FRAMES = ("/map", "/o.html", "/e.html")


def loaded(site: Site) -> list[str]:
    return [path for path in LOADED if site.asked_for(path)]


def shown(tab: Tab) -> list[str]:
    """What the frames show, those of objects and embeds too."""
    return [frame.url for frame in tab.frames[1:] if frame.url.endswith(FRAMES)]


def test_nothing_is_loaded_before_an_answer(shop: Site, arrive: Arrive) -> None:
    """M01: in its place stands who would receive it, by the host; no rule of the page is broken."""
    visitor = arrive(shop)
    tab = visitor.context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    visitor.go(tab, "/")
    place = tab.locator(".askfirst-embed").first
    expect(place).to_contain_text("\u2068Maps Ltd\u2069 (works for us, NL)")
    expect(place).not_to_contain_text("Elsewhere")
    expect(tab.locator(".askfirst-embed")).to_have_count(6)
    settled(tab)
    assert loaded(shop) == []
    assert shop.asked_for("/no.svg") == 0
    assert complaints == []


def test_once_is_once(shop: Site, arrive: Arrive) -> None:
    """M06: what its visitor loads once is no answer; a page's script cannot press it."""
    visitor = arrive(shop)
    tab = visitor.open()
    once = tab.get_by_role("button", name="Load this once").first
    once.evaluate("(button) => button.click()")
    settled(tab)
    assert loaded(shop) == []
    once.click()
    until(tab, lambda: shown(tab) != [])
    settled(tab)
    assert loaded(shop) == ["/map"]
    assert not tab.evaluate("askfirst.allows('marketing')")
    assert visitor.context.cookies() == []
    tab.reload()
    visitor.known(tab)
    expect(tab.locator(".askfirst-embed")).to_have_count(6)


def test_always_grants_its_purpose_alone(shop: Site, arrive: Arrive) -> None:
    """M12, M14: beside what was answered; after a withdrawal all of it is gone from the page."""
    visitor = arrive(shop)
    visitor.granted(statistics=1, marketing=0, preferences=0)
    tab = visitor.open()
    until(tab, lambda: shop.asked_for("/no.svg") > 0)
    tab.get_by_role("button", name="Always load").first.click()
    until(tab, lambda: loaded(shop) == list(LOADED) and shown(tab) != [])
    details = tab.evaluate("askfirst.consent.details")
    assert details == {"statistics": 1, "marketing": 1, "preferences": 0}
    expect(tab.locator("#inside")).to_have_count(1)
    tab.locator("#askfirst-control button[value=withdraw]").click()
    until(tab, lambda: shown(tab) == [])
    expect(tab.locator("#inside")).to_have_count(0)
    assert tab.locator("iframe[src], video[src], video[poster]").count() == 0
    expect(tab.locator(".askfirst-embed").first).to_be_visible()


def test_objects_and_embeds_wait_and_go_like_frames(shop: Site, arrive: Arrive) -> None:
    """M01, M12: where no Trusted Types forbid scripts to set their address."""
    visitor = arrive(shop)
    tab = visitor.open("/objects")
    expect(tab.locator(".askfirst-embed")).to_have_count(2)
    tab.get_by_role("button", name="Load this once").first.click()
    until(tab, lambda: len(shown(tab)) == 1 and shop.asked_for("/o.html") == 1)
    assert shop.asked_for("/e.html") == 0
    visitor.answer(tab, "Accept all")
    until(tab, lambda: len(shown(tab)) == 2)
    tab.locator("#askfirst-control button[value=withdraw]").click()
    until(tab, lambda: len(shown(tab)) == 1)  # what was loaded once is no matter of the answer
    expect(tab.locator(".askfirst-embed")).to_have_count(1)
    tab.reload()
    expect(tab.locator(".askfirst-embed")).to_have_count(2)
    assert shown(tab) == []


def test_always_before_an_answer_opens_the_choices(shop: Site, arrive: Arrive) -> None:
    """M06: nothing else is answered along with it."""
    visitor = arrive(shop)
    tab = visitor.open()
    tab.get_by_role("button", name="Always load").first.click()
    tab.locator("dialog").wait_for()
    assert visitor.context.cookies() == []


def test_a_known_player_has_its_place_drawn_here(site: Site, visitor: Visitor) -> None:
    """M01, M03, M15: its shape, a sign, who and where, two equal buttons, a plain way there."""
    film = "https://www.youtube-nocookie.com/embed/x"
    body = f'<iframe data-purpose="statistics" data-src="{film}" title="Film" width="480"></iframe>'
    song = (
        '<iframe data-category="statistics" data-src="https://open.spotify.com/embed/y"></iframe>'
    )
    site.pages["/"] = Page(page(body + song).html, {"content-security-policy": CSP})
    tab = visitor.open()
    place = tab.locator(".askfirst-embed").first
    always = place.get_by_role("button", name="Always load: \u2068Statistics\u2069")
    once = place.get_by_role("button", name="Load this once")
    first, second, whole = (it.bounding_box() for it in (once, always, place))
    assert first is not None
    assert second is not None
    assert whole is not None
    assert (first["width"], first["height"]) == (second["width"], second["height"])
    assert round(whole["width"] / whole["height"], 1) == 1.8
    assert place.get_by_role("link").get_attribute("href") == film
    expect(place.locator("svg path")).to_have_attribute("d", re.compile("^M2 5h20"))
    expect(tab.locator(".askfirst-embed svg path").nth(1)).to_have_attribute(
        "d", re.compile("^M9 18")
    )
    settled(tab)
    assert not [each.url for each in visitor.requests if not each.url.startswith(site.origin)]


def test_a_template_brings_no_script_without_our_nonce(site: Site, visitor: Visitor) -> None:
    """M38: under strict-dynamic a script in injected markup does not run by way of a template."""
    run = "(window.ran ??= []).push('{}')"
    scripts = f"<script>{run.format('injected')}</script>"
    scripts += f'<script nonce="abc">{run.format("ours")}</script>'
    body = f'<template data-purpose="statistics"><p id="in"></p>{scripts}</template>'
    head = '<script nonce="abc" src="/askfirst/static/askfirst.js" defer></script>'
    csp = {"content-security-policy": "script-src 'nonce-abc' 'strict-dynamic'"}
    site.pages["/"] = Page(page(body, script=head).html, csp)
    visitor.granted(statistics=2, marketing=0, preferences=0)
    tab = visitor.open()
    tab.locator("#in").wait_for(state="attached")
    settled(tab)
    assert tab.evaluate("window.ran") == ["ours"]
