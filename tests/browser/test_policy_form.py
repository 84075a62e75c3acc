"""A policy's form with the notice beside it, in a real browser: with scripts, and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.host_world import Host, profile, violations
from tests.support.collectors import policy

pytestmark = pytest.mark.browser
TITLE = "#p\\.statistics\\.title\\.en"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with ExitStack() as stack:
        yield Host(tmp_path, stack)


def form(host: Host, chromium: Browser, *, scripts: bool) -> Page:
    """The form of shop's policy, open."""
    host.parts.registry.publish(policy("standard"))
    host.member("olive", "shop")
    context = profile(chromium, java_script_enabled=scripts)
    page = host.signed_in(context, "olive")
    page.goto(host.address("/sites/shop/publish"))
    return page


@pytest.mark.parametrize("scripts", [True, False])
def test_the_notice_follows_what_is_typed(host: Host, chromium: Browser, scripts: bool) -> None:
    """By itself with scripts; by the button beside it without. Nothing else happens."""
    page = form(host, chromium, scripts=scripts)
    notice = page.frame_locator("iframe[name=notice]")
    expect(notice.locator("#askfirst-notice")).to_contain_text("Statistics")
    page.fill(TITLE, "Reading tides")
    if not scripts:
        page.get_by_role("button", name="Preview").click()
    expect(notice.locator("#askfirst-notice")).to_contain_text("Reading tides")
    assert page.input_value(TITLE) == "Reading tides"
    assert page.url.endswith("/sites/shop/publish")
    page.context.close()


def test_nobody_answers_the_notice_of_a_form(host: Host, chromium: Browser) -> None:
    """Its buttons do nothing: no request leaves the frame, whatever is clicked."""
    page = form(host, chromium, scripts=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.frame_locator("iframe[name=notice]").get_by_role("button", name="Accept all").click()
    page.fill(TITLE, "Reading tides")
    expect(page.frame_locator("iframe[name=notice]").locator("#askfirst-notice")).to_contain_text(
        "Reading tides"
    )
    assert not [url for url in asked if "/askfirst/consent" in url]
    page.context.close()


def test_enter_looks_first_and_publishes_nothing(host: Host, chromium: Browser) -> None:
    """Neither does it change to the other tab."""
    page = form(host, chromium, scripts=True)
    page.fill(TITLE, "Reading tides")
    page.press(TITLE, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("What it changes")
    page.get_by_role("button", name="Change it first").click()
    assert page.input_value(TITLE) == "Reading tides"
    page.context.close()


@pytest.mark.parametrize("width", [1280, 320])
def test_the_form_is_clean_and_fits(host: Host, chromium: Browser, axe: str, width: int) -> None:
    page = form(host, chromium, scripts=True)
    page.set_viewport_size({"width": width, "height": 900})
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()
