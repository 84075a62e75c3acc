"""Parts of the notice that are late, lost or of another release; and where the way back stands."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from askfirst.pages.assets import FOLDER
from askfirst.terms.languages import shipped_languages
from tests.browser.conftest import Visit
from tests.browser.looks import NARROW, Look, open_look
from tests.browser.notice_site import Site, policy
from tests.browser.sdk.visitor import until

pytestmark = pytest.mark.browser


def lose(route: Route) -> None:
    route.abort()


def part(route: Route) -> None:
    """As an old notice.js would: the choices get the words of the notice alone."""
    route.fulfill(body=(FOLDER / "words/en.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("what", "answer"),
    [("words/all/**", lose), ("words/all/**", part), ("choices.js*", lose)],
    ids=["words lost", "words of the notice alone", "choices lost"],
)
def test_choices_that_cannot_be_drawn_are_a_page(
    shop: Site, visit: Visit, what: str, answer: object
) -> None:
    """M11: whatever of them is missing, the server's own page has them, and none has holes."""
    page = visit(shop)
    page.page.route(f"**/static/{what}", answer)  # type: ignore[arg-type]
    page.notice.get_by_role("link", name="Choose by purpose").click()
    page.page.wait_for_url("**/askfirst/choices?return_to=%2F")
    expect(page.page.get_by_role("button", name="Save choices")).to_be_visible()
    assert "undefined" not in page.page.locator("body").inner_text()


def test_choices_without_their_styles_are_shown(shop: Site, visit: Visit) -> None:
    """M11: styles that do not come hold nobody up for ever, and a second press opens no second."""
    page = visit(shop)
    page.page.route("**/static/askfirst.css*", lose)
    page.notice.get_by_role("link", name="Choose by purpose").dblclick()
    expect(page.dialog).to_be_visible()
    assert page.dialog.count() == 1


def test_the_way_back_stands_below_the_page_and_above_the_notice(shop: Site, visit: Visit) -> None:
    """M11, S10: the room that the notice needs at the page's end is below the link, not above."""
    page = visit(shop, "/?helper=0&lines=40")
    expect(page.notice).to_be_visible()
    expect(page.control).to_be_visible()
    until(page.page, lambda: page.page.evaluate(HEIGHT) != "")
    page.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    notice, link = page.notice.bounding_box(), page.control.bounding_box()
    main = page.page.locator("main").bounding_box()
    assert notice
    assert link
    assert main
    assert link["y"] - (main["y"] + main["height"]) < 2
    assert link["y"] + link["height"] <= notice["y"] + 1


def test_choices_of_an_older_edition_say_so_where_nothing_is_asked(
    site: Site, visit: Visit
) -> None:
    """M16: who refused and now agrees to what changed meanwhile reads that, and can agree."""
    site.start(policy())
    page = visit(site)
    page.answering(page.reject.click)
    page.control.get_by_role("link").click()
    page.dialog.get_by_role("switch").first.check()
    site.stop()
    site.start({**policy(), "evidence_days": 700})
    site.knows(2)
    save = page.dialog.get_by_role("button", name="Save choices")
    assert page.answering(save.click).status == 409
    expect(page.dialog.get_by_role("alert")).to_contain_text("changed while you were reading")
    expect(page.notice).to_have_count(0)
    expect(page.dialog.get_by_role("switch").first).not_to_be_checked()

    page.dialog.get_by_role("switch").first.check()
    assert page.answering(save.click).status == 200
    expect(page.dialog).to_have_count(0)
    page.expect_present("1 of")
    page.control.get_by_role("link").click()
    expect(page.dialog.locator(".askfirst-problem")).to_have_text("")
    assert page.violations == []


HEIGHT = "document.documentElement.style.getPropertyValue('--askfirst-height')"


def test_no_word_of_a_button_breaks_in_a_narrow_window(chromium: Browser) -> None:
    """S09, M36: in every language, in the notice and in the choices; a hyphen is no such break."""
    for lang in sorted(shipped_languages()):
        context, page = open_look(chromium, Look("bar", NARROW, lang=lang, show="dialog"))
        assert broken(page) == [], lang
        context.close()


def broken(page: Page) -> list[str]:
    """Words of buttons on two lines; scripts without spaces may break anywhere."""
    found = page.evaluate(
        r"""() => [...document.querySelectorAll(".askfirst-button")].flatMap((button) => {
            const text = button.firstChild;
            return [...text.textContent.matchAll(/[^\s-]+/g)].filter(({ 0: word, index }) => {
                const range = document.createRange();
                range.setStart(text, index);
                range.setEnd(text, index + word.length);
                const lines = new Set([...range.getClientRects()].map(({ top }) => top));
                return lines.size > 1 && !/[\u3040-\u9fff\uac00-\ud7af]/.test(word);
            }).map(([word]) => word);
        })"""
    )
    return list(found)
