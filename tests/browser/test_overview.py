"""The overview in a browser: one screen, on paper, without a script, names as they come."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount

from askfirst_collector.closing.close import close_due
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.links import create_set_up_link, set_up_admin
from tests.browser.host_world import PASSWORD, violations
from tests.support.served import served
from tests.unit.closing.house import Clock, after, key_of, noon, opened, policy, row, store

pytestmark = pytest.mark.browser
MONDAY, TUESDAY = "2026-11-16", "2026-11-17"
DATES = f"from={MONDAY}&to={TUESDAY}"
MARKUP, HEBREW = '/<img src=x onerror="alert(1)">', "/שלום-עולם"
TABLES = {
    "pairs": [["page", "referrer"], ["page", "action"]],
    "goals": ["order"],
    "funnels": {"buying": ["page:/", "action:order"]},
}
# As many pages as a card has lines, with names of every kind.
NAMES = ["/", "/order", MARKUP, HEBREW, "/a", f"/{'donaudampfschiff' * 8}"]
PLACES = [("IE",), ("FR",), ("DE",), ("NO",), ("SE",), ("GB",), ("NL",)]


def fill(parts: Services, clock: Clock) -> None:
    """Two days on which a hundred and eighty came, from seven countries, to six pages."""
    for day in (MONDAY, TUESDAY):
        clock.now = noon(day)
        rows = []
        for visitor in range(180):
            name = NAMES[visitor % 6]
            values: dict[str, Any] = {
                "page": (name, name),
                "referrer": ("search", "google.com") if visitor % 4 else ("direct", "(none)"),
                "ip": PLACES[visitor % 7],
                "screen": ("phone",) if visitor % 3 else ("desktop",),
            }
            rows.append(row(parts, visitor, values, key_of(day)))
            if visitor % 6 == 1:
                order = {**values, "action": ("order",)}
                rows.append(row(parts, visitor, order, key_of(day), type="action"))
        store(parts, rows)
        clock.now = after(day)
        close_due(parts, clock.now)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard with figures of two days, behind a real server."""
    with ExitStack() as stack:
        clock = Clock(noon(MONDAY))
        own = policy(tables=TABLES, actions={"order": {}})
        folder: Path = tmp_path_factory.mktemp("overview") / "data"
        parts = dataclasses.replace(stack.enter_context(opened(folder, clock, own)), secure=False)
        with ThreadPoolExecutor(1) as other:  # the loop of Playwright may run in this one
            other.submit(fill, parts, clock).result()
        set_up_admin(parts, create_set_up_link(parts, ON_THE_MACHINE), "ada", PASSWORD)
        app = Starlette(routes=[Mount("/askfirst/host", host_app(parts))])
        yield stack.enter_context(served(app))


@pytest.fixture
def page(origin: str, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The overview, signed in; a test says by its parameter how the browser is."""
    options: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
    context = chromium.new_context(
        base_url=origin.replace("127.0.0.1", "localhost"), **{**options, **request.param}
    )
    context.set_default_timeout(20_000)
    opened_page = context.new_page()
    opened_page.goto("/askfirst/host/sign-in")
    opened_page.fill("#name", "ada")
    opened_page.fill("#password", PASSWORD)
    opened_page.click("button.primary")
    opened_page.goto(f"/askfirst/host/sites/shop?{DATES}")
    yield opened_page
    context.close()


WITH = pytest.mark.parametrize("page", [{}], indirect=True, ids=["wide"])
WITHOUT_SCRIPT = pytest.mark.parametrize(
    "page", [{"java_script_enabled": False}], indirect=True, ids=["no-script"]
)


def boxes(page: Page, selector: str) -> list[dict[str, float]]:
    """Where these stand, from the top of the page."""
    return [box for one in page.locator(selector).all() if (box := one.bounding_box()) is not None]


@WITH
def test_two_rows_of_cards_are_the_whole_page(page: Page) -> None:
    """At 1280 px: the second row begins in the window, and no figure stands below it."""
    cards = boxes(page, ".cards > .card")
    tops = sorted({round(box["y"]) for box in cards})
    assert len(cards) == 5
    assert len(tops) == 2
    assert tops[1] < 800, "the second row is reached without scrolling"
    heads = boxes(page, ".cards > .card thead")
    assert all(box["y"] + box["height"] <= 800 for box in heads)
    below = max(box["y"] + box["height"] for box in cards)
    assert below <= 1_024, "on a screen of that height both rows are there whole"
    for selector in (".kpis", ".plot", "table.rows"):
        assert all(box["y"] + box["height"] <= below for box in boxes(page, selector))
    # Nothing of a card is cut off, however long a name is.
    assert page.evaluate("document.documentElement.scrollWidth") <= 1_280
    for card in page.locator(".cards > .card").all():
        assert card.evaluate("card => card.scrollWidth <= card.clientWidth")


@WITH
def test_names_are_text_whatever_they_hold(page: Page, axe: str) -> None:
    """Markup is shown and not run; a name from right to left turns nothing around it."""
    expect(page.get_by_text(MARKUP, exact=True)).to_be_visible()
    assert page.locator("img").count() == 0
    name = page.locator("bdi", has_text=HEBREW)
    figure = page.locator("tr", has=name).locator("td.n")
    left, right = name.bounding_box(), figure.bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] < right["x"]
    assert violations(page, axe) == []


ON_PAPER = {"viewport": {"width": 720, "height": 1_000}, "color_scheme": "dark"}
CONTROLS = (".side", ".tabs", ".seg", ".pop", ".card nav", ".skip-chart", "button", "input", "form")
# The contrast of the text of an element with the paper, and how dark the columns are.
CONTRAST = """element => {
    const light = color => {
        const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const style = getComputedStyle(element);
    const isShape = element instanceof SVGElement;
    return 1.05 / (light(isShape ? style.fill : style.color) + 0.05);
}"""


@pytest.mark.parametrize("page", [ON_PAPER], indirect=True, ids=["paper"])
def test_on_paper_are_figures_and_no_controls(page: Page) -> None:
    """A4 between its margins: the days are named, chart and names legible, dark screens too."""
    page.emulate_media(media="print", color_scheme="dark")
    for selector in CONTROLS:
        for control in page.locator(selector).all():
            expect(control).to_be_hidden()
    expect(page.locator("p.printed", has_text="16 to 17 Nov 2026")).to_be_visible()
    expect(page.get_by_text("shop", exact=True).last).to_be_visible()
    columns = page.locator(".chart rect.value:not(.missing, .waiting)")
    assert columns.count() == 2
    for column in columns.all():
        box = column.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 20
        assert column.evaluate(CONTRAST) > 3
    texts = page.locator(".kpis strong, .chart .tick, .rows tbody th bdi, .rows td.n, #why")
    assert texts.count() > 20
    assert min(text.evaluate(CONTRAST) for text in texts.all()) > 4.5
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    widths = [box["width"] for box in boxes(page, ".cards > .card")]
    assert min(widths) > 250, "two in a row, so that names are no columns of letters"
    assert page.pdf(format="A4", print_background=True).count(b"/Type /Page\n") <= 2


@WITHOUT_SCRIPT
def test_the_overview_and_its_filters_without_a_script(page: Page) -> None:
    """M45's way: links and plain forms. A filter comes and goes, the days stay, files come."""
    page.locator(".cards").get_by_role("link", name="google.com").click()
    expect(page.get_by_text("Remove the filter")).to_be_attached()
    expect(page.locator(".chip bdi")).to_have_text("google.com")
    expect(page.locator("svg.chart")).to_have_count(0)
    expect(page.get_by_text("Not counted together with referrers").first).to_be_visible()
    page.get_by_role("link", name=re.compile("Whole table ?: pages")).click()
    expect(page.get_by_role("heading", name="Pages", exact=False).first).to_be_visible()
    expect(page.locator(".chip bdi")).to_have_text("google.com")
    page.locator("a.chip").click()
    expect(page.locator("a.chip")).to_have_count(0)
    assert f"from={MONDAY}" in page.url
    page.get_by_role("link", name="Overview").click()
    page.locator("summary", has_text="16 to 17 Nov 2026").click()
    page.fill("input[name=from]", TUESDAY)
    page.get_by_role("button", name="Show").click()
    expect(page.locator("summary", has_text="17 Nov 2026").first).to_be_visible()
    page.locator("summary", has_text="Compare").click()
    page.get_by_role("link", name="with the year before").click()
    assert "compare=year" in page.url
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Languages").click()
    assert "show=languages" in page.url
    page.get_by_role("link", name="Page views").click()
    expect(page.locator(".kpis [aria-current]")).to_contain_text("Page views")
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.locator("li", has_text="Line of time").get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == f"shop-time-line-{TUESDAY}-{TUESDAY}.csv"
    page.locator("summary", has_text="As a table").click()
    expect(page.get_by_role("region", name="Visitors and page views by period")).to_be_visible()
