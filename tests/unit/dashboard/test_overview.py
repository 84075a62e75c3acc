"""The overview and the goals: filters, what days are held against, rates, what each line says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import httpx
import pytest

from askfirst_collector.closing.close import close_due
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.dashboard.layout.menu import menu
from askfirst_collector.dashboard.selection.date_range import DateRange, read_date_range
from askfirst_collector.dashboard.selection.tables import tables_of
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from tests.unit.closing.house import Clock, after, key_of, noon, opened, policy, row, store

from .conftest import client_of, set_up

pytestmark = pytest.mark.anyio
MONDAY, TUESDAY, WEDNESDAY = "2026-11-16", "2026-11-17", "2026-11-18"
SITE = "/sites/shop"
DATES = {"from": TUESDAY, "to": WEDNESDAY}
GOOGLE = {"by": "referrer", "is": '["search", "google.com"]'}
TABLES = {
    "pairs": [["page", "referrer"], ["referrer", "action"]],
    "goals": ["order", "letter"],
    "funnels": {"buying": ["page:/", "page:/order"]},
}


@pytest.fixture
def clock() -> Clock:
    return Clock(noon())


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """Thirty visitors on Monday, sixty on Tuesday: forty came from Google, and twenty ordered."""
    own = policy(tables=TABLES, actions={"order": {}, "letter": {}})
    with opened(tmp_path / "data", clock, own) as parts:
        store(parts, [row(parts, n, {"page": ("/", "/")}, key_of(MONDAY)) for n in range(30)])
        clock.now = noon(TUESDAY)
        rows = []
        for visitor in range(60):
            source = ("search", "google.com") if visitor < 40 else ("direct", "(none)")
            values = {"page": ("/", "/"), "referrer": source, "ip": ("IE",)}
            rows.append(row(parts, visitor, values, key_of(TUESDAY)))
            if visitor < 20:
                order = {"page": ("/order", "/order"), "referrer": source, "action": ("order",)}
                rows.append(row(parts, visitor, order, key_of(TUESDAY), type="action"))
        store(parts, rows)
        clock.now = after(TUESDAY)
        close_due(parts, clock.now)
        clock.now = noon(WEDNESDAY)
        yield parts


@pytest.fixture
async def client(parts: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(host_app(parts)) as opened_client:
        await set_up(opened_client, parts)
        yield opened_client


def card(page: str, title: str) -> str:
    """The markup of one card."""
    found = re.search(rf'<section[^>]*aria-labelledby="card-{title}".*?</section>', page, re.DOTALL)
    assert found, title
    return unescape(found[0])


def lines(text: str) -> dict[str, str]:
    """Name and visitors of the lines of a table."""
    row = r'<th scope="row">.*?<bdi>([^<]*)</bdi>.*?<td class="n">([^<]*)</td>'
    return dict(re.findall(row, text, re.DOTALL))


async def test_days_are_held_against_as_many_before(client: httpx.AsyncClient) -> None:
    """Tuesday against Monday; nothing against a day on which nothing was asked yet."""
    alone = {"from": TUESDAY, "to": TUESDAY}
    page = (await client.get(SITE, params=alone)).text
    assert re.search(r"<strong>60</strong><small class=\"up\">.*?\+100 %</small>", page)
    assert 'aria-label="17 Nov 2026: 60 visitors; before 30"' in page
    against_nothing = (await client.get(SITE, params={**alone, "compare": "none"})).text
    assert "+100 %" not in against_nothing
    assert "; before" not in against_nothing
    beside_sunday = (await client.get(SITE, params=DATES)).text
    assert 'aria-label="17 Nov 2026: 60 visitors"' in beside_sunday
    assert 'class="up"' not in beside_sunday


async def test_a_line_is_a_filter_of_what_is_counted_with_it(client: httpx.AsyncClient) -> None:
    """M27: a filter selects disclosed pairs; the others say that they are not counted together."""
    page = (await client.get(SITE, params=DATES)).text
    link = re.search(r'href="([^"]*)" title="Only these visitors"><bdi>google.com', page)
    assert link
    narrowed = (await client.get(unescape(link[1]).removeprefix("/askfirst/host"))).text
    assert "<small>Visitors</small><strong>40</strong><small>67 % of 60" in narrowed
    assert lines(card(narrowed, "Pages"))["/"] == "40"
    assert "<small>Order</small><strong>20</strong><small>50 % of them" in narrowed
    assert "Not counted together with referrers" in card(narrowed, "Places")
    assert "not counted by referrers" in narrowed
    assert '<svg class="chart"' not in narrowed
    assert "Remove the filter" in narrowed


async def test_a_filter_goes_along_to_tables_and_files(client: httpx.AsyncClient) -> None:
    """A page, and its export, show the same lines; what is not counted together has no file."""
    values = {**DATES, **GOOGLE}
    page = (await client.get(f"{SITE}/pages", params=values)).text
    assert lines(page) == {"/": "40", "/order": "20"}
    told = (await client.get(f"{SITE}/pages.json", params=values)).json()
    assert told["among"] == {"table": "referrer", "path": ["search", "google.com"]}
    assert {line["path"][-1]: line["visitors"] for line in told["rows"]} == {"/": 40, "/order": 20}
    text = (await client.get(f"{SITE}/pages.csv", params=values)).text
    assert '"/ › /","value",40,"search › google.com"' in text
    assert (await client.get(f"{SITE}/countries.csv", params=values)).status_code == 404
    assert "Not counted together" in (await client.get(f"{SITE}/countries", params=values)).text


@pytest.mark.parametrize(
    "values",
    [
        {"by": "referrer", "is": "no json"},
        {"by": "referrer", "is": "[" * 3000},
        {"by": "referrer", "is": "[1, 2]"},
        {"by": "user_id", "is": '["x"]'},
        {"by": "nothing", "is": "[]"},
        {"by": "referrer", "is": '["<script>alert(1)</script>", "x"]'},
        {"show": "<script>", "measure": "<script>", "compare": "<script>", "range": "<script>"},
    ],
)
async def test_an_odd_filter_is_answered(client: httpx.AsyncClient, values: dict[str, str]) -> None:
    """A filter that was made up shows nothing of anybody, and no markup of its own."""
    for path in (SITE, f"{SITE}/goals", f"{SITE}/pages"):
        answer = await client.get(path, params=values)
        assert answer.status_code == 200
        assert "<script" not in answer.text


async def test_a_table_can_be_searched(client: httpx.AsyncClient) -> None:
    page = (await client.get(f"{SITE}/pages", params={**DATES, "q": "ORDER"})).text
    assert lines(page) == {"/order": "20"}
    page = (await client.get(f"{SITE}/pages", params={**DATES, "q": "<b>"})).text
    assert "has that in it" in page
    assert "<b>" not in page


async def test_a_table_stands_beside_the_one_before(client: httpx.AsyncClient) -> None:
    """Where it is asked for; a day that is not over takes one from those before, too."""
    values = {"from": TUESDAY, "to": TUESDAY, "compare": "before"}
    page = (await client.get(f"{SITE}/pages", params=values)).text
    assert re.search(r"<bdi>/</bdi>.*?<td class=\"n\">60</td><td class=\"n soft\">30</td>", page)
    assert re.search(
        r"<bdi>/order</bdi>.*?<td class=\"n\">20</td><td class=\"n soft\">–</td>", page
    )
    assert ">Before<" not in (await client.get(f"{SITE}/pages", params={"from": TUESDAY})).text
    span = read_date_range(policy(), {"range": "7d", "compare": "before"}, today=date(2026, 11, 18))
    before = span.table_before(date(2026, 11, 18), "day")
    assert before is not None
    assert (before.first, before.last) == (date(2026, 11, 5), date(2026, 11, 10))


async def test_what_a_page_is_held_against_is_marked(client: httpx.AsyncClient) -> None:
    """The overview against the period before, unless asked; of a table and of goals, nothing."""
    marked = re.compile(r'aria-current="true">with ([a-z ]+)<')
    for path, words in (("", "the period before"), ("/pages", "nothing"), ("/goals", "nothing")):
        page = (await client.get(f"{SITE}{path}", params=DATES)).text
        assert marked.findall(page) == [words]
        page = (await client.get(f"{SITE}{path}", params={**DATES, "compare": "year"})).text
        assert marked.findall(page) == ["the year before"]


async def test_a_day_that_is_not_over_says_so_of_its_goals(client: httpx.AsyncClient) -> None:
    """That nobody came is not said of it; and one point of before is no line in the picture."""
    page = (await client.get(SITE, params={"range": "today"})).text
    assert "Order</bdi> <small>not shown: no day of these has closed" in page
    assert 'class="key before"' not in page


async def test_goals_and_funnels_stand_beside_those_before(client: httpx.AsyncClient) -> None:
    """Where it is asked for: figures and rates, on the page and in its files; by source, too."""
    values = {"from": TUESDAY, "to": TUESDAY, "compare": "before"}
    page = (await client.get(f"{SITE}/goals", params=values)).text
    assert ">with the year before</a>" in page
    cells = r'<td class="n">20</td><td class="n">33 %</td><td class="n soft was">–</td>'
    assert re.search(f"Order</bdi></a></th>{cells}", page)
    funnel = page[page.index("Funnel: ") :]
    assert '<td class="n">60</td><td class="n soft">30</td>' in funnel
    assert ">Before<" not in (await client.get(f"{SITE}/goals", params={"from": TUESDAY})).text
    file = (await client.get(f"{SITE}/goals.csv", params=values)).text.splitlines()
    assert file[0] == '"goal","kind","visitors","before","percent of visitors","percent before"'
    file = (await client.get(f"{SITE}/goals-beside.csv", params=values)).text.splitlines()
    assert file[0].endswith('"percent of them","before","percent before"')


async def test_goals_have_rates_and_keep_their_place(client: httpx.AsyncClient) -> None:
    """By source, too; one that too few reached says so where its figure would stand."""
    page = (await client.get(f"{SITE}/goals", params=DATES)).text
    assert re.search(r"Order</bdi>.*?<td class=\"n\">20</td><td class=\"n\">33 %</td>", page)
    assert re.search(r"Letter</bdi> <small>not shown: too few visitors so far", page)
    assert re.search(r"google.com</bdi>.*?Order</bdi></td><td class=\"n\">20</td>.*?50 %", page)


async def test_a_funnel_says_what_each_step_loses(client: httpx.AsyncClient) -> None:
    """Of the periods that show every step: no rate of a sum of some and a sum of others."""
    page = (await client.get(f"{SITE}/goals", params={"from": MONDAY, "to": WEDNESDAY})).text
    steps = re.findall(r"<tr><th scope=\"row\">(?:(?!<tr>).)*?Page /.*?</tr>", page, re.DOTALL)
    figures = [re.findall(r'<td class="n">([^<]*)</td>', step) for step in steps[-2:]]
    assert figures == [["90", "100 %", "–"], ["20", "33 %", "67 %"]]
    assert "Rates are of the 1 of 2 periods that show every step." in page


async def test_rates_and_what_was_before_are_in_the_files(client: httpx.AsyncClient) -> None:
    """CSV and JSON say what the page has beside a line; a value that has none is empty."""

    async def csv(view: str, **values: str) -> list[str]:
        return (await client.get(f"{SITE}/{view}.csv", params=values)).text.splitlines()

    assert await csv("goals", **DATES) == [
        '"goal","kind","visitors","percent of visitors"',
        '"order","value",20,33.3',
    ]
    assert await csv("goals", **DATES, **GOOGLE) == [
        '"goal","kind","visitors","percent of visitors","referrer"',
        '"order","value",20,50.0,"search › google.com"',
    ]
    both = {"from": MONDAY, "to": WEDNESDAY}
    assert (await csv("funnel-buying", **both))[1:] == [
        '"(total)","total",90,"","",""',
        '"1 › page:/","value",90,100.0,"",1',
        '"2 › page:/order","value",20,33.3,66.7,1',
    ]
    beside = {**DATES, "beside": "referrer"}
    (line,) = (await client.get(f"{SITE}/goals-beside.json", params=beside)).json()
    assert line == {
        "referrer": "google.com",
        "goal": "Order",
        "visitors": 20,
        "percent_of_them": 50.0,
    }
    alone = {"from": TUESDAY, "to": TUESDAY}
    assert await csv("time-line", **alone) == [
        '"period","closes","visitors","page views","visits","reason",'
        '"period before","visitors before","page views before","visits before"',
        f'"{TUESDAY}","day",60,60,60,"","{MONDAY}",30,30,5',
    ]
    (day,) = (await client.get(f"{SITE}/time-line.json", params=alone)).json()
    assert (day["visitors"], day["before"]["visitors"]) == (60, 30)
    assert "before" not in (await csv("time-line", **alone, compare="none"))[0]
    lines = await csv("pages", **alone, compare="before")
    assert lines[:2] == ['"page","kind","visitors","before"', '"(total)","total",60,""']
    assert '"/ › /","value",60,30' in lines
    assert '"/order › /order","value",20,""' in lines


async def test_every_file_that_a_page_names_is_there(client: httpx.AsyncClient) -> None:
    """Of the overview, of goals and of a table, with and without a filter."""
    pages = (SITE, f"{SITE}/goals", f"{SITE}/pages", f"{SITE}/funnel-buying")
    for path in pages:
        for values in (DATES, {**DATES, **GOOGLE}):
            page = (await client.get(path, params=values)).text
            files = {unescape(f) for f in re.findall(r'href="([^"]*\.(?:csv|json)[^"]*)"', page)}
            assert files or "Not counted together" in page, path
            for file in files:
                answer = await client.get(file.removeprefix("/askfirst/host"))
                assert answer.status_code == 200, file
                assert answer.headers["content-disposition"].startswith("attachment"), file


async def test_the_range_stays_while_moving(client: httpx.AsyncClient) -> None:
    """Every link of the menu carries it on, through the settings too."""
    page = (await client.get(SITE, params={"range": "7d", **GOOGLE})).text
    for path in ("/goals", "/answers", "/policy"):
        link = re.search(rf'href="[^"]*{SITE}{path}\?([^"]*)"', page)
        assert link, path
        assert "range=7d" in link[1], path
    policy_page = (await client.get(f"{SITE}/policy", params={"range": "7d"})).text
    assert f'{SITE}?range=7d"' in policy_page


@pytest.mark.parametrize(
    ("preset", "first", "last", "before"),
    [
        ("today", "2026-03-31", "2026-03-31", ("2026-03-30", "2026-03-30")),
        ("7d", "2026-03-25", "2026-03-31", ("2026-03-18", "2026-03-24")),
        ("28d", "2026-03-04", "2026-03-31", ("2026-02-04", "2026-03-03")),
        ("month", "2026-03-01", "2026-03-31", ("2026-02-01", "2026-02-28")),
        ("last-month", "2026-02-01", "2026-02-28", ("2026-01-01", "2026-01-28")),
        ("12m", "2025-04-01", "2026-03-31", ("2024-04-01", "2025-03-31")),
    ],
)
def test_presets(preset: str, first: str, last: str, before: tuple[str, str]) -> None:
    span = read_date_range(policy(), {"range": preset}, today=date(2026, 3, 31))
    assert (str(span.first), str(span.last)) == (first, last)
    days = span.before()
    assert days is not None
    assert tuple(map(str, days)) == before


def test_the_year_before_a_leap_day_has_one_day_less() -> None:
    values = {"from": "2028-02-29", "to": "2028-02-29", "compare": "year"}
    span = read_date_range(policy(), values, today=date(2028, 3, 1))
    assert span.before() == (date(2027, 2, 28), date(2027, 2, 28))


def test_the_menu_has_three_groups_of_at_most_five() -> None:
    """For whoever may open the most."""
    terms = policy(tables=TABLES, actions={"order": {}, "letter": {}}).purposes["statistics"].terms
    admin, sites = Member("ada", "host-admin"), ("shop", "club")
    day = date(2026, 11, 22)
    span = DateRange("statistics", day, day, "")
    frame = menu(admin, sites, "shop", "/sites/shop", span, tables_of(terms))
    assert len(frame.groups) == 3
    assert all(len(links) <= 5 for _, links in frame.groups)
    reader = Member("rob", "reader", frozenset({"shop"}))
    names = [
        link.text for _, links in menu(reader, sites, "shop", "", span, ()).groups for link in links
    ]
    assert "Members" not in names
    # Another site has purposes and collectors of its own; the days are the same.
    looked_at = {"collector": "pulse", "by": "page", "is": "/", "purpose": "x", "range": "7d"}
    there = replace(span, values=looked_at)
    club = menu(admin, sites, "shop", "/sites/shop", there, ()).sites[1]
    assert club.href == "/sites/club?range=7d"


async def test_where_nothing_came_yet_it_is_said_what_comes_next(
    tmp_path: Path, clock: Clock
) -> None:
    """Each card says from when on, and whoever sets the site up what is still to be done."""
    with opened(tmp_path / "new", clock, policy()) as parts:
        async with client_of(host_app(parts)) as client:
            await set_up(client, parts)
            page = (await client.get(SITE)).text
    assert "Nothing has closed in these dates" in page
    assert "Shown when a day in these dates has closed" in card(page, "Pages")
    assert "The first page view was stored" in card(page, "steps")
