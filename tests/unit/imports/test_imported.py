"""Imported figures: of the size, as long as ours, kept apart and marked, never added up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from askfirst.errors import Refused
from askfirst_collector.cli import main
from askfirst_collector.closing.close import close_due
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.imports.cells import PAGE, SOURCE, TOTAL, Sums
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.reports.export import files_of
from askfirst_collector.services import Services
from askfirst_collector.store.imported import imported_days, imported_sums, imports_of
from askfirst_collector.usecases.imported_figures import import_figures, remove_imported
from askfirst_collector.usecases.remove_site import remove_site
from askfirst_collector.usecases.retention import purge
from tests.support.people import member
from tests.unit.closing.house import DAY, MONDAY, Clock, after, crowd, opened, policy, store
from tests.unit.dashboard.conftest import client_of, set_up

pytestmark = pytest.mark.anyio
FIRST = date(2026, 11, 16)
MARKUP = "/<script>"


@pytest.fixture
def clock() -> Clock:
    return Clock(after(MONDAY, 0) + DAY / 2)


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """A Monday with thirty visitors, closed."""
    with opened(tmp_path / "data", clock, policy()) as parts:
        store(parts, crowd(parts, 30, page=("/blog", "/blog/one")))
        clock.now = after()
        close_due(parts, clock.now)
        yield parts


def sums_of(*days: tuple[int, int, int]) -> Sums:
    """Days by how many before MONDAY they are, with visitors and views."""
    sums = Sums()
    for before, visitors, views in days:
        sums.add(FIRST - timedelta(days=before), TOTAL, "", visitors=visitors, views=views)
    return sums


def take(parts: Services, sums: Sums, source: str = "matomo") -> tuple[int, int, int]:
    taken = import_figures(parts, ON_THE_MACHINE, "shop", source, sums)
    return taken.days, taken.small, taken.old


def days(parts: Services, source: str = "matomo") -> dict[str, int]:
    taken = imported_days(parts.engine, "shop", (source,), "2000-01-01", "2999-12-31").get(
        source, {}
    )
    return {name: day.views for name, day in taken.items() if day.views is not None}


def test_only_what_enough_visitors_share_is_kept(parts: Services) -> None:
    """M27: of the policy's size (5); what the export says of fewer is forgotten, and counted."""
    sums = sums_of((1, 5, 9), (2, 4, 400), (3, 0, 0))
    sums.add(FIRST, PAGE, "/rare", visitors=4, views=90)
    sums.add(FIRST, PAGE, "/", visitors=5, views=9)
    sums.add(FIRST, SOURCE, "a.example", visitors=None, views=900)
    assert take(parts, sums) == (1, 4, 0)
    assert days(parts) == {"2026-11-15": 9}
    pages = imported_sums(parts.engine, "shop", "matomo", PAGE, "2000-01-01", "2999-12-31", 9)
    assert pages == [("/", 5, 9)]


def test_a_day_whose_visitors_are_known_to_be_enough(parts: Services) -> None:
    """Of pages alone: a day has as many visitors as its most visited page, or more."""
    sums = Sums()
    for before, visitors in ((1, 5), (2, 4)):
        day = FIRST - timedelta(days=before)
        sums.add(day, TOTAL, "", visitors=None, views=90, at_least=visitors)
    assert take(parts, sums) == (1, 1, 0)


def test_importing_again_replaces(parts: Services) -> None:
    """Of the same tool; of another it stands beside. What is removed is gone."""
    take(parts, sums_of((1, 50, 90), (2, 50, 90)))
    take(parts, sums_of((9, 50, 70)), "umami")
    take(parts, sums_of((1, 60, 100)))
    assert days(parts) == {"2026-11-15": 100}
    assert days(parts, "umami") == {"2026-11-07": 70}
    remove_imported(parts, ON_THE_MACHINE, "shop", "matomo")
    assert days(parts) == {}
    with pytest.raises(Refused, match="nothing was imported"):
        remove_imported(parts, ON_THE_MACHINE, "shop", "matomo")


def test_what_is_older_than_figures_are_kept_goes(parts: Services, clock: Clock) -> None:
    """M28: at the import, and as time goes on."""
    keeps = 365
    assert take(parts, sums_of((keeps - 1, 50, 90), (keeps + 9, 50, 90))) == (1, 0, 1)
    clock.now += DAY
    purge(parts, clock.now)
    assert len(days(parts)) == 0


def test_it_goes_with_the_site(parts: Services) -> None:
    take(parts, sums_of((1, 50, 90)))
    remove_site(parts, ON_THE_MACHINE, "shop")
    assert imports_of(parts.engine, "shop") == ()


def test_nobody_imports_into_another_site(parts: Services) -> None:
    carl = member(parts, "carl", "site-owner", "club")
    for actor in (carl, Member("rob", "reader", frozenset({"shop"}))):
        with pytest.raises(Refused):
            import_figures(parts, actor, "shop", "matomo", sums_of((1, 50, 90)))
    with pytest.raises(Refused, match="name a site"):
        import_figures(parts, ON_THE_MACHINE, "club", "matomo", sums_of((1, 50, 90)))


async def test_the_page_shows_both_and_adds_nothing_up(parts: Services) -> None:
    """Beside each other, by the day; marked; markup in a name is text; nothing in other files."""
    sums = sums_of((0, 7, 977), (1, 7, 955), (2, 7, 933))
    sums.add(FIRST, PAGE, MARKUP, visitors=7, views=911)
    before = dict(files_of(parts, "shop"))
    take(parts, sums)
    async with client_of(host_app(parts)) as client:
        await set_up(client, parts)
        page = (await client.get("/sites/shop/imported?from=2026-11-14&to=2026-11-16")).text
        overview = (await client.get("/sites/shop?from=2026-11-16&to=2026-11-16")).text
    assert "16 Nov 2026: 30 counted here, 977 imported" in page
    assert "15 Nov 2026: 955 imported" in page
    assert re.search(r'16 Nov 2026</th><td class="n">30</td><td class="n">977</td>', page)
    for added in (30 + 977, 977 + 955, 30 + 977 + 955 + 933):
        assert f"{added:,}".replace(",", "\u202f") not in page
    assert "&lt;script&gt;" in page
    assert MARKUP not in page
    assert "Matomo counted by rules of its own" in page
    # Of the whole page but its tokens, which are random.
    assert not re.search(r"977|955|911", re.sub(r'value="[0-9a-f]{64}"', "", overview))
    assert dict(files_of(parts, "shop")) == before


async def overview(parts: Services, query: str) -> str:
    async with client_of(host_app(parts)) as client:
        await set_up(client, parts)
        page = (await client.get(f"/sites/shop{query}")).text
    return re.sub(r'value="[0-9a-f]{64}"', "", page)  # its tokens are random


async def test_days_of_before_stand_in_the_line_and_in_no_total(
    parts: Services, clock: Clock
) -> None:
    """Marked, named, and with what differs beside them: in picture and table; ours stay ours."""
    take(parts, sums_of((-1, 7, 944), (0, 7, 977), (1, 71, 955), (2, 72, 933)))
    take(parts, sums_of((1, 99, 99)), "umami")
    clock.now += DAY
    close_due(parts, clock.now)
    page = await overview(parts, "?from=2026-11-14&to=2026-11-17")
    assert 'aria-label="15 Nov 2026: 71 visitors, imported from Matomo"' in page
    assert 'class="value imported"' in page
    assert "counted by Matomo, imported</span>" in page
    assert "Up to 15 Nov 2026 these are figures of Matomo. It counted by rules of its own" in page
    assert "visitors who were not asked or refused" in page
    row = r'15 Nov 2026 <small>imported from Matomo</small></th><td class="n">71</td><td class="n">'
    assert re.search(row + r'955</td><td class="n">–</td>', page)
    # A day of ours is ours, also where too few came.
    assert 'aria-label="16 Nov 2026: 30 visitors"' in page
    assert 'aria-label="17 Nov 2026: not shown, too few visitors"' in page
    assert "<small>Visitors, by day</small><strong>30</strong>" in page
    assert not re.search(r"977|944|\b99\b|173|\b101\b", page)
    views = await overview(parts, "?from=2026-11-14&to=2026-11-17&measure=views")
    assert 'aria-label="15 Nov 2026: 955 page views, imported from Matomo"' in views
    assert 'imported from Matomo"' not in await overview(parts, "?from=2026-11-14&measure=visits")


async def test_a_week_that_is_partly_ours_is_ours(parts: Services, clock: Clock) -> None:
    """Weeks of a long range: no sum of what was counted by two rules."""
    clock.now += 21 * DAY
    close_due(parts, clock.now)
    take(parts, sums_of(*((-day, 70, 90) for day in range(1, 9)), *((d, 70, 90) for d in range(9))))
    page = await overview(parts, "?from=2026-08-01&to=2026-12-06")
    assert 'aria-label="Week of 9 Nov 2026: 490 visitors, imported from Matomo"' in page
    assert 'aria-label="Week of 16 Nov 2026: 30 visitors, 6 of 7 days not shown"' in page


async def test_it_stands_beside_the_whole_site_alone(parts: Services) -> None:
    """Not under a filter, and in no letter, link or answer: nothing there says whose it is."""
    take(parts, sums_of((1, 71, 955)))
    dates = "from=2026-11-15&to=2026-11-16"
    filter = "&by=page&is=%5B%22%2Fblog%22%2C%22%2Fblog%2Fone%22%5D"
    assert "Matomo" in await overview(parts, f"?{dates}")
    assert "Matomo" not in await overview(parts, f"?{dates}{filter}")


async def test_the_line_of_time_has_it_in_columns_of_its_own(parts: Services) -> None:
    take(parts, sums_of((1, 71, 955)))
    dates = "from=2026-11-15&to=2026-11-16&compare=none"
    async with client_of(host_app(parts)) as client:
        await set_up(client, parts)
        lines = (await client.get(f"/sites/shop/time-line.csv?{dates}")).text.splitlines()
        days = (await client.get(f"/sites/shop/time-line.json?{dates}")).json()
    assert lines[0].endswith('"reason","visitors imported","page views imported","imported from"')
    assert lines[1:] == [
        '"2026-11-15","day","","","","before",71,955,"Matomo"',
        '"2026-11-16","day",30,30,5,"","","",""',
    ]
    assert [day["visitors"] for day in days] == [None, 30]
    assert [day["visitors_imported"] for day in days] == [71, None]


async def test_the_page_can_be_taken_along(parts: Services) -> None:
    """As CSV and JSON: ours and theirs in columns of their own, with the name of the tool."""
    sums = sums_of((0, 7, 977), (1, 7, 955))
    sums.add(FIRST, PAGE, "=1+1", visitors=7, views=911)
    async with client_of(host_app(parts)) as client:
        await set_up(client, parts)
        dates = "from=2026-11-15&to=2026-11-16"
        assert (await client.get(f"/sites/shop/imported.csv?{dates}")).status_code == 404
        take(parts, sums)
        take(parts, sums_of((0, 70, 80)), "umami")
        text = (await client.get(f"/sites/shop/imported.csv?{dates}")).text
        pages = (await client.get(f"/sites/shop/imported-pages.csv?{dates}")).text
        other = (await client.get(f"/sites/shop/imported.json?{dates}&tool=umami")).json()
        sources = (await client.get(f"/sites/shop/imported-sources.json?{dates}")).json()
    assert text.splitlines() == [
        '"day","page views counted here","page views imported","imported from"',
        '"2026-11-15","",955,"matomo"',
        '"2026-11-16",30,977,"matomo"',
    ]
    assert pages.splitlines()[1:] == ['"\'=1+1",7,911,"matomo"']
    assert [day["page_views_imported"] for day in other] == [None, 80]
    assert sources == []


async def test_a_site_without_imports_says_how(parts: Services) -> None:
    async with client_of(host_app(parts)) as client:
        await set_up(client, parts)
        page = (await client.get("/sites/shop/imported")).text
    assert "askfirst figures import TOOL FILE --site shop" in page
    assert "google-analytics" in page


def test_the_command_takes_a_file_or_nothing_of_it(
    parts: Services, tmp_path: Path, clock: Clock
) -> None:
    """What is wrong is said by line, and what was there before stays."""
    take(parts, sums_of((1, 50, 90)))
    file = tmp_path / "days.csv"
    words = ["figures", "import", "matomo", str(file), "--site", "shop"]
    data = ["--data", str(tmp_path / "data")]
    file.write_text("date,nb_uniq_visitors\n2026-11-01,50\n2026-11-02,x\n")
    answer = CliRunner().invoke(main, [*words, *data])
    assert answer.exit_code == 1
    assert "line 3: nb_uniq_visitors is 'x': write a whole number" in answer.output
    assert days(parts) == {"2026-11-15": 90}
    answer = CliRunner().invoke(main, ["figures", "list", "--site", "shop", *data])
    assert "matomo  1 days, 2026-11-15 to 2026-11-15" in answer.output
    answer = CliRunner().invoke(main, [*words[:-1], "nowhere", *data])
    assert "No site is called 'nowhere'" in answer.output
