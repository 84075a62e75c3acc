"""A router that changes the language of the page: what is shown is shown in that one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.notice_page import NoticePage
from tests.browser.notice_site import FRAME, Site, policy
from tests.browser.sdk.visitor import until

pytestmark = pytest.mark.browser

LANGUAGES = ("en", "de", "ar")
FOCUSED = "e => e === document.activeElement"
DE_TITLE = "Dürfen wir"


@pytest.fixture(scope="module")
def polyglot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A shop in three languages."""
    made = Site(tmp_path_factory.mktemp("polyglot"))
    made.start(translated())
    yield made
    made.stop()


def translated() -> dict[str, Any]:
    found = policy() | {"languages": list(LANGUAGES)}
    for purpose in found["purposes"].values():
        text = purpose["text"]["en"]
        purpose["text"] = {
            lang: text | {"title": f"{text['title']} ({lang})"} for lang in LANGUAGES
        }
    return found


def turn(page: NoticePage, lang: str, then: str = "") -> None:
    """As a router does; `then` is what it calls after it."""
    page.page.evaluate(f"document.documentElement.lang = '{lang}'; {then}")


def focused(part: Locator) -> bool:
    return bool(part.evaluate(FOCUSED))


@pytest.mark.parametrize("then", ["", "askfirst.refresh()"], ids=["alone", "refresh"])
@pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])
def test_the_notice_is_in_the_language_of_the_page(
    polyglot: Site, visit: Visit, helper: int, then: str
) -> None:
    """S09: redrawn in place, right to left too; what is open and focused stays."""
    page = visit(polyglot, f"/?helper={helper}")
    page.page.locator("#askfirst-notice:popover-open").wait_for()
    page.notice.locator("summary").first.click()
    page.accept.focus()
    turn(page, "de", then)
    expect(page.notice).to_contain_text(DE_TITLE)
    expect(page.notice.locator("details").first).to_have_attribute("open", "")
    assert page.notice.get_attribute("lang") == "de"
    assert focused(page.accept)
    expect(page.control).to_contain_text("Datenschutz")
    turn(page, "ar", then)
    expect(page.notice).to_have_attribute("dir", "rtl")
    assert focused(page.accept)
    assert page.notice.count() == 1
    page.page.locator("#askfirst-notice:popover-open").wait_for()
    answer = page.answering(page.accept.click)
    assert answer.request.post_data_json["lang"] == "ar"
    expect(page.notice).to_have_count(0)
    assert page.violations == []


def test_choices_keep_what_was_switched(polyglot: Site, visit: Visit) -> None:
    """S09: in another language they are the same choices; closed, focus is where it came from."""
    page = visit(polyglot)
    page.notice.locator('[data-askfirst="choices"]').focus()
    page.page.keyboard.press("Enter")
    switch = page.dialog.get_by_role("switch").nth(1)
    switch.check()
    assert focused(switch)
    turn(page, "de")
    expect(page.dialog).to_have_attribute("lang", "de")
    expect(page.dialog).to_have_count(1)
    expect(page.dialog.locator(":modal")).to_have_count(0)
    assert page.page.locator("dialog:modal").count() == 1
    expect(page.dialog.get_by_role("switch").nth(0)).not_to_be_checked()
    expect(switch).to_be_checked()
    assert focused(switch)
    expect(page.notice).to_contain_text(DE_TITLE)
    page.page.keyboard.press("Escape")
    expect(page.dialog).to_have_count(0)
    assert focused(page.notice.locator('[data-askfirst="choices"]'))
    assert page.violations == []


def test_the_way_back_and_placeholders_are_too(polyglot: Site, visit: Visit) -> None:
    """S09, M11: of who has answered; the answer stays, and the choices open in that language."""
    page = visit(polyglot)
    page.answering(page.reject.click)
    page.page.evaluate(FRAME)
    place = page.page.locator(".askfirst-embed")
    place.get_by_role("button").last.focus()
    turn(page, "de")
    expect(page.control).to_contain_text("Datenschutz")
    expect(page.control).to_have_attribute("lang", "de")
    expect(place.get_by_role("button").last).to_contain_text("(de)")
    assert focused(place.get_by_role("button").last)
    assert place.get_by_role("button").count() == 2
    expect(page.notice).to_have_count(0)
    turn(page, "ar")
    expect(place).to_have_attribute("dir", "rtl")
    # The name alone is apart: what is said of it runs from right to left.
    assert place.locator("p bdi").count() == 0
    assert "\u2068Adsmith GmbH\u2069 (" in str(place.locator("p").first.text_content())
    turn(page, "de")
    expect(page.control).to_contain_text("Datenschutz")
    page.control.get_by_role("link").click()
    expect(page.dialog).to_have_attribute("lang", "de")
    assert page.violations == []


def test_where_the_words_are_the_same_nothing_is_loaded(polyglot: Site, visit: Visit) -> None:
    """S09: in a language that the policy does not have, or of the same primary one."""
    page = visit(polyglot, "/?helper=0")
    expect(page.control).to_be_visible()
    notice = page.notice.element_handle()
    seen: list[str] = []
    page.page.on("request", lambda r: seen.append(r.url))
    for lang in ("en-GB", "fr"):
        turn(page, lang)
        until(page.page, lambda lang=lang: any(f"lang={lang}" in url for url in seen))
    page.page.evaluate("fetch('/shop.css')")
    until(page.page, lambda: seen[-1].endswith("shop.css"))
    assert [url for url in seen if "/static/" in url] == []
    assert notice is not None
    assert notice.evaluate("e => e.isConnected")
    assert page.violations == []


def test_a_language_that_changes_while_another_is_on_its_way(polyglot: Site, visit: Visit) -> None:
    """S09: whatever comes last, the page's own language is shown."""
    page = visit(polyglot, "/?helper=0")
    expect(page.notice).to_be_visible()
    turn(page, "de", "setTimeout(() => document.documentElement.lang = 'ar')")
    expect(page.notice).to_have_attribute("lang", "ar")
    turn(page, "de", "document.documentElement.lang = 'en'")
    expect(page.notice).to_have_attribute("lang", "en")
    assert page.notice.count() == 1
