"""A network that answers no more once the notice is there: what was pressed says that it waits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import Visit
from tests.browser.notice_page import NoticePage
from tests.browser.notice_site import FRAME, Site
from tests.browser.sdk.visitor import until

pytestmark = pytest.mark.browser

LOST = "That did not work, and nothing was recorded. Please try again."
WORDS = "**/static/words/all/**"
CHOICES = "**/static/choices.js*"
NOTICE = "**/static/notice.js*"


@pytest.fixture
def silent() -> Callable[[NoticePage, str], list[Route]]:
    """From now on an address is never answered; the list of those that wait."""

    def make(page: NoticePage, address: str) -> list[Route]:
        waiting: list[Route] = []
        page.page.route(address, lambda route: waiting.append(route))
        return waiting

    return make


Silent = Callable[[NoticePage, str], list[Route]]


def waits(pressed: Locator) -> None:
    """It says so, can be seen to, and moves nothing."""
    expect(pressed).to_have_attribute("aria-busy", "true")
    assert pressed.evaluate("e => getComputedStyle(e).opacity") == "0.7"
    assert pressed.evaluate("e => e.getAnimations().length") == 0


@pytest.mark.parametrize("what", [WORDS, CHOICES], ids=["words", "choices"])
@pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])
def test_choices_that_never_come(
    shop: Site, visit: Visit, silent: Silent, what: str, helper: int
) -> None:
    """M11: it is said, with the way to the server's page; pressed again they are asked for anew."""
    page = visit(shop, f"/?helper={helper}")
    page.page.locator("#askfirst-notice:popover-open").wait_for()
    waiting = silent(page, what)
    choose = page.notice.locator('[data-askfirst="choices"]')
    choose.click()
    waits(choose)
    expect(page.notice.get_by_role("alert")).to_contain_text(LOST, timeout=10_000)
    expect(choose).to_have_attribute("aria-busy", "false")
    link = page.notice.get_by_role("alert").get_by_role("link", name="Privacy choices")
    assert "/askfirst/choices?return_to=" in (link.get_attribute("href") or "")
    assert len(waiting) == 1
    assert page.page.url.startswith(f"{shop.address}/?helper")
    page.page.unroute(what)
    choose.click()
    expect(page.dialog).to_be_visible()
    expect(page.notice.locator(".askfirst-problem")).to_have_text("")
    assert page.violations == []


@pytest.mark.parametrize("end", ["continue_", "abort"])
def test_answers_work_meanwhile(shop: Site, visit: Visit, silent: Silent, end: str) -> None:
    """M03: who cannot see the choices can refuse; what comes, or fails, late opens nothing."""
    page = visit(shop)
    page.page.locator("#askfirst-notice:popover-open").wait_for()
    waiting = silent(page, CHOICES)
    page.notice.locator('[data-askfirst="choices"]').click()
    expect(page.notice.get_by_role("alert")).to_contain_text(LOST, timeout=10_000)
    page.answering(page.reject.click)
    expect(page.notice).to_have_count(0)
    with page.page.expect_event("requestfinished" if end == "continue_" else "requestfailed"):
        getattr(waiting[0], end)()
    page.expect_present("all off")
    expect(page.dialog).to_have_count(0)
    assert page.page.url == f"{shop.address}/"


def test_the_link_of_the_sentence_leads_to_the_servers_page(
    shop: Site, visit: Visit, silent: Silent
) -> None:
    """M11: where every part is the server's."""
    page = visit(shop)
    page.page.locator("#askfirst-notice:popover-open").wait_for()
    silent(page, WORDS)
    page.notice.locator('[data-askfirst="choices"]').click()
    page.notice.get_by_role("alert").get_by_role("link").click(timeout=10_000)
    expect(page.page.get_by_role("button", name="Save choices")).to_be_visible()


@pytest.mark.parametrize("what", [NOTICE, WORDS], ids=["notice", "words"])
@pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])
def test_a_way_back_that_opens_nothing(
    shop: Site, visit: Visit, silent: Silent, what: str, helper: int
) -> None:
    """M11: it says so in its place; pressed again it leads to the server's page."""
    page = visit(shop, f"/?helper={helper}")
    page.answering(page.reject.click)
    page.open(f"/?helper={helper}&lines=4")
    page.expect_present("all off")
    page.page.wait_for_load_state("networkidle")
    silent(page, what)
    link = page.control.get_by_role("link")
    link.click()
    waits(link)
    expect(page.control).to_contain_text(LOST, timeout=10_000)
    expect(link).to_have_attribute("aria-busy", "false")
    link.click()
    expect(page.page.get_by_role("button", name="Save choices")).to_be_visible()
    assert page.violations == []


def test_a_way_back_whose_files_are_lost_is_a_link(shop: Site, visit: Visit) -> None:
    """M11: nobody waits for what is known not to be there."""
    page = visit(shop, "/?helper=0")
    page.answering(page.reject.click)
    page.open("/?helper=0&lines=4")
    page.page.route(NOTICE, lambda route: route.abort())
    page.control.get_by_role("link").click()
    expect(page.page.get_by_role("button", name="Save choices")).to_be_visible(timeout=3_000)


def test_what_fails_late_takes_nobody_away(shop: Site, visit: Visit, silent: Silent) -> None:
    """M11: once it was said, what becomes of the request changes nothing in the page."""
    page = visit(shop, "/?helper=0")
    page.answering(page.reject.click)
    page.open("/?helper=0&lines=4")
    page.expect_present("all off")
    waiting = silent(page, NOTICE)
    page.control.get_by_role("link").click()
    expect(page.control).to_contain_text(LOST, timeout=10_000)
    with page.page.expect_event("requestfailed"):
        waiting[0].abort()
    page.page.evaluate("fetch('/shop.css').then((answer) => answer.text())")
    assert page.page.url == f"{shop.address}/?helper=0&lines=4"
    expect(page.control).to_contain_text(LOST)


def test_a_link_of_the_site_that_opens_nothing(shop: Site, visit: Visit, silent: Silent) -> None:
    """M11: beside it stands why, and the way to the server's page."""
    page = visit(shop)
    page.answering(page.reject.click)
    page.page.evaluate(
        """() => document.querySelector("main").insertAdjacentElement("beforeend",
            Object.assign(document.createElement("button"), { id: "own", textContent: "Own" }))
            .setAttribute("data-askfirst", "choices")"""
    )
    silent(page, CHOICES)
    own = page.page.locator("#own")
    for _ in range(2):
        own.click()
        waits(own)
        expect(page.page.locator("#own + [role=alert]")).to_contain_text(LOST, timeout=10_000)
    page.page.unroute(CHOICES)
    own.click()
    expect(page.dialog).to_be_visible()
    expect(page.page.locator("#own + [role=alert]")).to_have_text("")


def test_an_example_that_never_comes(shop: Site, visit: Visit, silent: Silent) -> None:
    """M15: what would be stored is said not to be there; late it stands in the place of that."""
    page = visit(shop)
    waiting = silent(page, "**/static/example.js*")
    page.notice.locator('[data-askfirst="choices"]').click()
    summary = page.dialog.get_by_text("What would be stored of this visit").first
    summary.click()
    waits(summary)
    example = page.dialog.locator("details").first
    expect(example.get_by_role("alert")).to_have_text(LOST, timeout=10_000)
    waiting[0].continue_()
    expect(example.get_by_role("table")).to_be_visible()
    expect(example.get_by_role("alert")).to_have_count(0)
    expect(summary).to_have_attribute("aria-busy", "false")


def test_an_answer_says_that_it_waits(shop: Site, visit: Visit, silent: Silent) -> None:
    """M17: from the press on; with the answer it is over."""
    page = visit(shop)
    page.page.locator("#askfirst-notice:popover-open").wait_for()
    waiting = silent(page, "**/askfirst/consent")
    page.accept.click()
    waits(page.accept)
    waiting[0].continue_()
    expect(page.notice).to_have_count(0)


def test_always_says_that_it_waits(shop: Site, visit: Visit, silent: Silent) -> None:
    """M17: and after a while that nothing came; pressed again it is sent again."""
    page = visit(shop)
    page.answering(page.reject.click)
    page.page.evaluate(FRAME)
    always = page.page.locator(".askfirst-embed").get_by_role("button").last
    waiting = silent(page, "**/askfirst/consent")
    always.click()
    waits(always)
    always.click()
    place = page.page.locator(".askfirst-embed")
    expect(place.get_by_role("alert")).to_have_text(LOST, timeout=10_000)
    assert len(waiting) == 1
    always.click()
    expect(place.get_by_role("alert")).to_have_count(0)
    until(page.page, lambda: len(waiting) == 2)
    waiting[1].continue_()
    expect(place).to_have_count(0)
    page.expect_present("1 of")
