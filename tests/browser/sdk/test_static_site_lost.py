"""A site without a server of ours whose files are not all there, or whose pages broke things."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sdk.test_static_site import (
    StaticSite,
    opened,
    press,
    static_site,  # noqa: F401 (a fixture)
    tab,  # noqa: F401 (a fixture)
)
from tests.browser.sdk.visitor import until

pytestmark = pytest.mark.browser

BROKEN = {
    "objects have more": "Object.prototype.extra = 1;",
    "Promise is gone": "window.Promise = undefined;",
    "then throws": "Promise.prototype.then = () => { throw new Error('no'); };",
}


@pytest.mark.parametrize("what", ["words/all", "choices.js"])
def test_choices_that_are_not_there_are_said_to_be_so(
    static_site: StaticSite,  # noqa: F811
    tab: Page,  # noqa: F811
    what: str,
) -> None:
    """M11: a copy of older files beside new ones; the page of choices is not loaded for ever."""
    pages: list[str] = []
    tab.on("framenavigated", lambda frame: pages.append(frame.url))
    there = static_site.folder / "askfirst/static" / what
    away = there.rename(static_site.folder / "away")
    opened(tab, static_site)
    tab.get_by_role("link", name="Choose by purpose").click()
    lost = tab.get_by_text("That did not work, and nothing was recorded.")
    expect(lost).to_be_visible()
    assert len(pages) == 3, pages  # the site's, that of the choices, and once more
    away.rename(there)
    tab.get_by_role("main").get_by_role("link", name="Privacy choices").click()
    expect(tab.get_by_role("dialog")).to_be_visible()


def test_what_is_hidden_is_hidden_without_the_second_file_of_styles(
    static_site: StaticSite,  # noqa: F811
    tab: Page,  # noqa: F811
) -> None:
    """M11: nothing is said to have failed while it is on its way, or where it is lost."""
    tab.route("**/*.js*", lambda route: route.abort())
    tab.route("**/static/askfirst.css*", lambda route: route.abort())
    tab.goto(f"{static_site.origin}/askfirst/choices/")
    expect(tab.get_by_text("That did not work")).to_be_hidden()


def test_the_page_of_choices_opens_them(
    static_site: StaticSite,  # noqa: F811
    tab: Page,  # noqa: F811
) -> None:
    """M11: from a page of the site, and from the address alone."""
    for query in ("", "?return_to=%2F"):
        opened(tab, static_site, f"/askfirst/choices/{query}")
        expect(tab.get_by_role("dialog")).to_be_visible()
        expect(tab.get_by_text("That did not work")).to_have_count(1)
        expect(tab.get_by_text("That did not work")).to_be_hidden()


@pytest.mark.parametrize("before", BROKEN.values(), ids=list(BROKEN))
def test_a_page_that_broke_things_is_asked(
    static_site: StaticSite,  # noqa: F811
    tab: Page,  # noqa: F811
    before: str,
) -> None:
    """S09: nothing is thrown into the page, and its visitor can answer."""
    wrong: list[Any] = []
    tab.on("pageerror", lambda error: wrong.append(error))
    tab.add_init_script(before)
    opened(tab, static_site)
    press(tab, "Reject all")
    until(tab, lambda: tab.evaluate("askfirst.consent.source") == "visitor")
    assert wrong == []


@pytest.mark.parametrize("what", ["placeholder.js*", "words/en.json*"])
def test_a_frame_whose_placeholder_is_lost_throws_nothing(
    static_site: StaticSite,  # noqa: F811
    tab: Page,  # noqa: F811
    what: str,
) -> None:
    """S09: its place stays empty; the frame still waits, and shows after a grant."""
    file = static_site.folder / "index.html"
    frame = '<iframe data-purpose="marketing" data-src="/counted.js" title="Film"></iframe></main>'
    file.write_text(file.read_text("utf-8").replace("</main>", frame), "utf-8")
    wrong: list[Any] = []
    tab.on("pageerror", lambda error: wrong.append(error))
    opened(tab, static_site)
    press(tab, "Reject all")
    lost: list[str] = []
    tab.on("requestfailed", lambda request: lost.append(request.url))
    tab.route(f"**/static/{what}", lambda route: route.abort())
    opened(tab, static_site)
    until(tab, lambda: bool(lost))
    expect(tab.locator(".askfirst-embed")).to_be_empty()
    assert wrong == []
    tab.unroute(f"**/static/{what}")
    tab.get_by_role("link", name="Privacy choices: all off").click()
    tab.get_by_role("dialog").get_by_role("button", name="Accept all", exact=True).click()
    until(tab, lambda: tab.locator("iframe").get_attribute("src") == "/counted.js")
    assert wrong == []
