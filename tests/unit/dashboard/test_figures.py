"""The figures: only what was disclosed, and a reason wherever one is missing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event
from starlette.concurrency import run_in_threadpool

from askfirst.errors import Problem
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.catalogue.activate import move_revision
from askfirst_collector.catalogue.suspensions import suspend_site
from askfirst_collector.closing.close import close_due
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.sites import retire_site
from tests.support.collectors import policy as other_policy
from tests.unit.closing.house import Clock, after, crowd, key_of, noon, opened, policy, row, store

from .conftest import client_of, set_up, sign_in

pytestmark = pytest.mark.anyio
MONDAY, TUESDAY, WEDNESDAY = "2026-11-16", "2026-11-17", "2026-11-18"
SITE = "/sites/shop"
DATES = {"from": MONDAY, "to": WEDNESDAY}
FORMULA = "=cmd"
HOSTILE = "<img src=x>"
VISITORS = re.compile(r"Visitors, by day</small><strong>24</strong>")


@pytest.fixture
def clock() -> Clock:
    return Clock(noon())


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """Monday with twenty-four visitors, Tuesday with two, Wednesday still open."""
    with opened(tmp_path / "data", clock, policy()) as parts:
        for visitor in range(24):
            values = {
                "page": ("/blog", "/blog/one") if visitor < 12 else ("/", "/"),
                "ip": ("IE",) if visitor < 14 else ("FR",),
                "browser": (HOSTILE,),
                "language": (FORMULA,),
                "time": (MONDAY, "09"),
            }
            store(parts, [row(parts, visitor, values, key_of(MONDAY))])
        clock.now = noon(TUESDAY)
        few = [
            row(parts, 90 + n, {"page": ("/rare", "/rare/one")}, key_of(TUESDAY)) for n in (0, 1)
        ]
        store(parts, few)
        clock.now = after(TUESDAY)
        close_due(parts, clock.now)
        clock.now = noon(WEDNESDAY)
        store(parts, [row(parts, 7, {"page": ("/now", "/now")}, key_of(WEDNESDAY))])
        yield parts


@pytest.fixture
async def client(parts: Services, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(host_app(parts)) as opened_client:
        await set_up(opened_client, parts)
        yield opened_client


async def test_the_overview_shows_what_closed(client: httpx.AsyncClient) -> None:
    page = (await client.get(SITE, params=DATES)).text
    assert VISITORS.search(page)
    assert "/blog/one" in page
    assert "Ireland" in page
    columns = re.findall(r'aria-label="(\d+ Nov 2026: [^"]*)"', page)
    assert columns == [
        "16 Nov 2026: 24 visitors",
        "17 Nov 2026: not shown, too few visitors",
        "18 Nov 2026: not over yet",
    ]


async def test_a_small_day_says_why_and_nothing_else(client: httpx.AsyncClient) -> None:
    """M27: no cell below the size, on any page or export."""
    page = (await client.get(SITE, params=DATES)).text
    assert "Fewer than about 8 visitors, so nothing more is said." in page
    for path in (SITE, f"{SITE}/pages", f"{SITE}/pages.csv", f"{SITE}/pages.json"):
        assert "/rare" not in (await client.get(path, params=DATES)).text


async def test_a_site_that_gathers_no_more_keeps_its_figures(
    client: httpx.AsyncClient, parts: Services
) -> None:
    """Suspended by the host policy or retired: what closed stays, below what happened."""
    before = (await client.get(f"{SITE}/pages.csv", params=DATES)).text
    with parts.engine.begin() as connection:
        problem = Problem("/purposes/statistics/retention_days", 365, "write at most 30")
        suspend_site(connection, "shop", [problem], now=0)
        move_revision(connection)
    for banner in ("shop is suspended: nothing is gathered.", "shop is retired."):
        page = (await client.get(SITE, params=DATES)).text
        assert banner in page
        assert VISITORS.search(page)
        assert 'href="/askfirst/host/sites/shop/answers' in page
        assert "Nothing is gathered now; figures under 5" in page
        table = (await client.get(f"{SITE}/pages", params=DATES)).text
        assert banner in table
        assert "/blog/one" in table
        assert (await client.get(f"{SITE}/pages.csv", params=DATES)).text == before
        retire_site(parts, ON_THE_MACHINE, "shop")


async def test_the_open_day_says_when_it_closes(client: httpx.AsyncClient) -> None:
    page = (await client.get(SITE, params=DATES)).text
    assert "Still open. The day closes at 00:00 UTC." in page
    assert "in 12 h 00 min; figures under 5 visitors are never shown" in page
    assert "/now" not in page.replace("right now", "")


async def test_days_are_those_of_the_sites_time_zone(
    parts: Services, client: httpx.AsyncClient
) -> None:
    """Noon on Wednesday in UTC is two in the morning of Thursday there."""
    document = {**policy().document, "time_zone": "Pacific/Kiritimati"}
    await run_in_threadpool(parts.registry.publish, read_policy(document))
    page = (await client.get(SITE)).text
    assert "The day closes at 00:00 Pacific/Kiritimati, in 22 h 00 min" in page
    assert "2026-11-19" in page


async def test_where_nothing_closed_it_is_said_what_will_be_shown(
    client: httpx.AsyncClient,
) -> None:
    dates = {"from": WEDNESDAY, "to": WEDNESDAY}
    page = (await client.get(SITE, params=dates)).text
    assert "Nothing has closed in these dates" in page
    assert "The day closes at 00:00 UTC" in page
    assert '<svg class="chart"' not in page
    table = (await client.get(f"{SITE}/pages", params=dates)).text
    assert "No figure to show" in table
    assert "Shown when a day in these dates has closed with about 8 visitors or more." in table


@pytest.mark.parametrize(
    "slug",
    ["pages", "referrers", "countries", "browsers", "systems", "screens", "languages", "hours",
     "actions", "answers", "drops"],
)  # fmt: skip
async def test_every_table_has_its_page_and_exports(client: httpx.AsyncClient, slug: str) -> None:
    page = await client.get(f"{SITE}/{slug}", params=DATES)
    assert page.status_code == 200
    assert 'aria-current="page"' in page.text
    told = await client.get(f"{SITE}/{slug}.json", params=DATES)
    assert told.headers["content-type"] == "application/json"
    assert told.json()["site"] == "shop"
    text = await client.get(f"{SITE}/{slug}.csv", params=DATES)
    assert text.headers["content-disposition"].startswith("attachment")
    # A head and the totals; what counts no page views has none.
    above = 1 if slug in ("actions", "answers", "drops") else 2
    assert len(list(csv.reader(io.StringIO(text.text)))) == len(told.json()["rows"]) + above


@pytest.fixture
def reading(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """A Monday on which forty visitors saw the first page, and half of them the second."""
    tables = {"funnels": {"reading": ["page:/", "page:/blog/one"]}}
    with opened(tmp_path / "reading", clock, policy(tables=tables)) as parts:
        store(parts, crowd(parts, 40, page=("/", "/")))
        store(parts, crowd(parts, 20, page=("/blog", "/blog/one")))
        clock.now = after(MONDAY)
        close_due(parts, clock.now)
        yield parts


async def test_a_funnel_shows_its_steps_in_their_order(reading: Services, clock: Clock) -> None:
    """Every step that was disclosed has its line, the first one on top."""
    async with client_of(host_app(reading)) as client:
        await set_up(client, reading)
        page = (await client.get(f"{SITE}/funnel-reading", params=DATES)).text
    assert re.findall(r"<bdi>(Page [^<]*)</bdi>", page) == ["Page /", "Page /blog/one"]
    assert re.findall(r'<td class="n">(\d+)</td>', page) == ["40", "20"]


async def test_each_picture_has_the_same_figures_as_a_table(client: httpx.AsyncClient) -> None:
    """A picture is never the only way to a figure."""
    page = (await client.get(f"{SITE}/countries", params=DATES)).text
    assert 'role="img"' in page
    shaded = re.findall(r'<(?:path|circle) class="q(\d)"', page)
    assert len(shaded) == 2
    for name in ("Ireland", "France"):
        assert re.search(rf"<bdi>{name}</bdi></a></th><td class=\"n\">\d+</td>", page)
    hours = (await client.get(f"{SITE}/hours", params=DATES)).text
    assert "09:00" in hours
    file = (await client.get(f"{SITE}/hours.json", params=DATES)).json()
    assert [line["path"] for line in file["rows"]] == [["09:00"]]
    filter = {"by": "page", "is": '["/blog", "/blog/one"]'}
    narrowed = (await client.get(f"{SITE}/hours", params={**DATES, **filter})).text
    assert "Not counted together" in narrowed, "no hours of everybody under a filter"
    answer = await client.get(f"{SITE}/hours.json", params={**DATES, **filter})
    assert answer.status_code == 404


async def test_the_time_line_can_be_taken_along(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"{SITE}/time-line.json", params=DATES)).json()
    reasons = {each["period"]: each["reason"] for each in told}
    assert reasons == {MONDAY: None, TUESDAY: "too few", WEDNESDAY: "open"}
    text = (await client.get(f"{SITE}/time-line.csv", params=DATES)).text
    assert len(text.strip().splitlines()) == 4


async def test_what_a_visitor_sent_is_text_on_a_page_and_no_formula_in_a_sheet(
    client: httpx.AsyncClient,
) -> None:
    """M25's hostile owner: nothing that was stored becomes markup or a formula."""
    page = (await client.get(SITE, params={**DATES, "show": "browsers"})).text
    assert HOSTILE not in page
    assert "&lt;img src=x&gt;" in page
    text = (await client.get(f"{SITE}/languages.csv", params=DATES)).text
    assert f'"{FORMULA}' not in text
    assert f"\"'{FORMULA}" in text


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday", "to": "tomorrow"},
        {"from": "2026-99-99"},
        {"from": "9999-12-31", "to": "0001-01-01"},
        {"from": "2001-01-01", "to": "2026-11-18"},
        {"purpose": "nobody"},
        {"purpose": "<script>"},
        {"from": "\x00", "purpose": "\ud800".encode("utf-8", "replace").decode()},
    ],
)
async def test_an_odd_address_is_answered(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    """What cannot be read gets the usual dates; never an error page."""
    answer = await client.get(SITE, params=query)
    assert answer.status_code == 200
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    "path", ["/sites/other", f"{SITE}/secrets", f"{SITE}/pages.xml", "/sites/shop/x/y", "/..%2f"]
)
async def test_what_is_not_there_is_said(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_the_policy_is_said_in_the_words_of_the_notice(client: httpx.AsyncClient) -> None:
    page = (await client.get(f"{SITE}/policy")).text
    assert "your country (never your address)" in page
    assert "a figure is shown only when at least 5 visitors share it" in page


async def test_an_edition_says_what_it_widened(
    client: httpx.AsyncClient, parts: Services, clock: Clock
) -> None:
    """M16: asked again about exactly that."""
    wider = policy(levels={**policy().document["purposes"]["statistics"]["levels"], "browser": 2})
    parts.registry.publish(wider)
    page = (await client.get(f"{SITE}/editions")).text
    assert "Edition 2" in page
    assert "the browser’s name and main version; you agreed to the browser’s name" in page
    assert "Everybody was asked about all of it" in page


async def test_small_sites_are_advised(
    client: httpx.AsyncClient, parts: Services, clock: Clock
) -> None:
    """Where few agree in a day, a longer period is advised."""
    clock.now = after("2026-11-24")
    close_due(parts, clock.now)
    await sign_in(client)
    page = (await client.get(SITE, params={"from": MONDAY, "to": "2026-11-24"})).text
    assert "closes = &#34;month&#34;" in page


@pytest.mark.file
async def test_files_that_cannot_be_read_are_a_503(
    client: httpx.AsyncClient, parts: Services
) -> None:
    """Store away: 503 with Retry-After, never a traceback."""
    with parts.engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE cell")
    answer = await client.get(f"{SITE}/pages", params=DATES)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "Traceback" not in answer.text


async def test_all_sites_show_their_last_closed_period(
    client: httpx.AsyncClient, parts: Services, clock: Clock
) -> None:
    """M27: one period of each site, in one statement, and none of its numbers below the size."""
    page = (await client.get("/sites")).text
    assert re.search(r'Last closed">too few to say<br><span[^>]*>17 Nov 2026<', page)
    rows = [row(parts, n, {"page": ("/", "/")}, key_of(WEDNESDAY)) for n in range(8, 60)]
    await run_in_threadpool(store, parts, rows)
    clock.now = after(WEDNESDAY)
    close_due(parts, clock.now)
    parts.registry.publish(policy_of_club())
    await sign_in(client)
    statements: list[str] = []
    event.listen(parts.engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    page = (await client.get("/sites")).text
    assert re.search(r'Last closed">about \d+ visitors, \d+ page views<br>', page)
    assert re.search(r'Last closed"><span class="soft small">nothing yet<', page)
    assert len([text for text in statements if "FROM closing" in text]) == 1


def policy_of_club() -> Policy:
    return other_policy("standard", site="club", origins=["https://club.example"])
