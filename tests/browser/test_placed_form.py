"""Placed collectors as a visitor meets them with scripts off (M45, M49)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from askfirst.terms.policy import read_policy
from tests.browser.conftest import Visit
from tests.browser.notice_page import STATE, NoticePage
from tests.browser.notice_site import Site, policy
from tests.support.placing import place, state, tides

pytestmark = pytest.mark.browser
OFF = {"java_script_enabled": False}
TIDES = "/tides/today"
NAME = "tides/statistics"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A shop with the tides placed on its pages, and buoys placed on some of them."""
    made = Site(tmp_path_factory.mktemp("harbour"))
    made.start(policy())
    parts, read = made.collector.parts(), read_policy(policy())
    parts.registry.publish(read)
    place(parts, tides(read))
    buoys = {"name": "Rijks Boeien BV", "contact": "privacy@boeien.example", "country": "NL"}
    place(parts, tides(read, collector="buoys", pages=["/tides/*/buoys"], controller=buoys))
    made.knows(3)
    yield made
    made.stop()


def value_of(page: NoticePage) -> str:
    (found,) = [each for each in page.page.context.cookies() if each["name"] == STATE]
    return str(found["value"])


def test_a_first_answer_is_about_all_that_is_asked_here(harbour: Site, visit: Visit) -> None:
    """M15, M49: who asks, for what, how long; one activation agrees, and is asked no more."""
    page = visit(harbour, TIDES, **OFF)
    for words in (
        "Asking too on these pages, each for itself: Tide Ltd.",
        "Tide counter",
        "Counts readers of tides.",
        "Its figures are kept for up to 30 days.",
    ):
        expect(page.notice).to_contain_text(words)
    expect(page.notice).not_to_contain_text("Rijks Boeien BV")

    page.accept.click()

    expect(page.notice).to_have_count(0)
    assert page.page.url == harbour.address + TIDES
    page.expect_present("all on")


def test_elsewhere_it_neither_asks_nor_is_agreed_to(harbour: Site, visit: Visit) -> None:
    """M49: a grant that was given elsewhere does not name it; on its pages it asks alone."""
    page = visit(harbour, "/", **OFF)
    expect(page.notice).not_to_contain_text("Tide Ltd")
    page.accept.click()
    page.expect_present("all on")

    page.open(TIDES)
    expect(page.notice.get_by_role("heading", level=2)).to_have_text("New on these pages: Tide Ltd")
    expect(page.notice).not_to_contain_text("Marketing")
    page.reject.click()

    expect(page.notice).to_have_count(0)
    page.expect_present("all on")
    expect(page.open("/tides/tomorrow").notice).to_have_count(0)


def test_a_refuser_is_not_asked_by_it(harbour: Site, visit: Visit) -> None:
    """M08, M09, M49: refused on one page, asked on none; the cookie is the same everywhere."""
    page, other = visit(harbour, "/", **OFF), visit(harbour, TIDES, **OFF)
    page.reject.click()
    expect(page.open(TIDES).notice).to_have_count(0)
    other.reject.click()
    expect(other.notice).to_have_count(0)
    assert value_of(page) == value_of(other)
    assert other.cookies() == {STATE}


def test_choosing_in_detail(harbour: Site, visit: Visit) -> None:
    """M05, M45, M49: each has its own switch, and one that is left off is off."""
    page = visit(harbour, TIDES, **OFF)
    page.notice.get_by_role("link", name="Choose by purpose").click()
    expect(page.page.get_by_role("heading", name="Rijks Boeien BV")).to_be_visible()
    expect(page.page.get_by_text("and every page below it")).to_be_visible()
    assert page.page.locator(":checked").count() == 0
    choose(page, "statistics", NAME)
    page.page.get_by_role("button", name="Save choices").click()
    assert page.page.url == harbour.address + TIDES
    page.expect_present("2 of 4 on")


def choose(page: NoticePage, *names: str) -> None:
    for name in names:
        page.page.locator(f"[role=switch][name='purpose.{name}']").check()


def test_withdrawing_from_one_alone(harbour: Site, visit: Visit) -> None:
    """M11, M12: what is kept names it, and one activation ends it; the rest stays."""
    page = visit(harbour, TIDES, **OFF)
    page.accept.click()
    page.control.get_by_role("link").click()
    page.page.get_by_role("link", name="What is kept about me").click()
    mine = page.page.locator("#placed-tides")
    expect(mine).to_contain_text("Tide counter (Tide Ltd): As asked. Its figures are kept")
    mine.get_by_role("button", name="Withdraw this one").click()
    expect(mine).to_have_count(0)
    page.open(TIDES).expect_present("all on")
    expect(page.notice).to_have_count(0)


def test_the_policy_says_who_they_are(harbour: Site, visit: Visit) -> None:
    """M15: the policy lists every collector, and opens without a choice."""
    page = visit(harbour, TIDES, **OFF)
    page.notice.get_by_role("link", name="privacy policy").click()
    for name in ("Tide Ltd", "Rijks Boeien BV"):
        expect(page.page.get_by_role("heading", name=name)).to_be_visible()
    assert page.cookies() == set()


def test_the_browser_may_read_the_word_of_the_gate(harbour: Site, visit: Visit) -> None:
    """M49: the page's own script finds it, for its own collector; other pages have none."""
    word = (
        "performance.getEntriesByType('navigation')[0].serverTiming"
        ".filter(each => each.name === 'askfirst').map(each => each.description)"
    )
    page = visit(harbour, TIDES)
    (told,) = page.page.evaluate(word)
    assert told.startswith("tides.")
    assert len(told) == len("tides.") + 43
    assert page.open("/").page.evaluate(word) == []


def first(page: NoticePage) -> Locator:
    return page.notice


def alone(page: NoticePage) -> Locator:
    page.open("/").accept.click()
    return page.open("/tides/now").notice


def choices(page: NoticePage) -> Locator:
    page.open(f"/askfirst/choices?return_to={TIDES}")
    return page.page.locator("#placed")


def told(page: NoticePage) -> Locator:
    page.open("/askfirst/policy")
    return page.page.locator("#placed")


def kept(page: NoticePage) -> Locator:
    page.accept.click()
    page.open("/askfirst/rights/me")
    return page.page.locator("#placed")


@pytest.mark.parametrize("layer", [first, alone, choices, told, kept], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [(1280, 800, "light"), (320, 640, "dark")],
    ids=["wide and light", "320 and dark"],
)
def test_axe_finds_nothing(
    harbour: Site,
    visit: Visit,
    axe: str,
    layer: Callable[[NoticePage], Locator],
    width: int,
    height: int,
    scheme: str,
) -> None:
    """M34, M36: no violation where collectors are told of, and nothing scrolls sideways."""
    look = {"width": width, "height": height, "color_scheme": scheme}
    page = visit(harbour, f"{TIDES}?script=0", reduced_motion="reduce", **look)
    expect(layer(page)).to_be_visible()
    page.page.evaluate(axe)
    run = "tags => axe.run(document.querySelector('.askfirst'), {runOnly: tags})"
    found = page.page.evaluate(run, TAGS)
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]] == []
    assert len(found["passes"]) > 5
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (320, 640)], ids=["wide", "320"])
def test_neither_answer_is_louder(harbour: Site, visit: Visit, width: int, height: int) -> None:
    """M03, M04: asked alone too, the two answers are siblings of one size."""
    still = {"reduced_motion": "reduce"}
    page = visit(harbour, "/", width=width, height=height, **still, **OFF)
    page.accept.click()
    page.open(TIDES)
    no, yes = page.reject.bounding_box(), page.accept.bounding_box()
    assert no is not None
    assert yes is not None
    assert (no["y"], no["width"], no["height"]) == (yes["y"], yes["width"], yes["height"])
    assert page.reject.text_content() == "Reject"
    assert page.accept.text_content() == "Accept"


def test_what_is_suspended_is_gone_within_five_seconds(site: Site, visit: Visit) -> None:
    """M33, M49: placed and suspended while the site runs, it shows and goes by itself."""
    site.start(policy())
    page = visit(site, TIDES, **OFF)
    expect(page.notice).not_to_contain_text("Tide Ltd")
    parts, read = site.collector.parts(), read_policy(policy())
    place(parts, tides(read))
    until(page, lambda: "Tide Ltd" in page.notice.inner_text())
    state(parts, tides(read), "suspended")
    until(page, lambda: "Tide Ltd" not in page.notice.inner_text())


def until(page: NoticePage, holds: Callable[[], bool]) -> None:
    """Load the page again until it holds, and at most for the five seconds it may take."""
    parts_of_a_second = 10
    for _ in range(6 * parts_of_a_second):
        page.open(TIDES)
        if holds():
            return
        page.page.wait_for_timeout(1000 / parts_of_a_second)
    raise AssertionError("it never came to hold")
