"""Agreement rates: by purpose and day, of what was disclosed, on the page and as a file."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.so_far import count_days
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.reports.agreement import DayAnswers, agreement, days_of_answers
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.store.disclosed import Cell, Disclosed, Totals, write
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.store.periods import IN_UTC
from tests.support.policies import every_purpose
from tests.unit.closing.house import DAY, Clock, crowd, key_of, noon, opened, row, store
from tests.unit.closing.test_consents import decide
from tests.unit.dashboard.conftest import client_of, set_up

MONDAY, TUESDAY, SUNDAY = "2026-11-16", "2026-11-17", "2026-11-22"
WANTED = Range("shop", "statistics", date(2026, 11, 16), date(2026, 11, 22))


def counting(closes: str) -> Policy:
    """The standard policy, where refusals are counted."""
    document = copy.deepcopy(dict(every_purpose("standard").document))
    document |= {"site": "shop", "count_refusals": True}
    document["purposes"]["statistics"]["closes"] = closes
    return read_policy(document)


@pytest.fixture
def clock() -> Clock:
    return Clock(noon())


@pytest.fixture
def daily(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """Of a site that closes each day: Monday and Tuesday, closed."""
    with answered(tmp_path, clock, "day") as parts:
        clock.now += DAY
        close_due(parts, clock.now)
        yield parts


@contextmanager
def answered(folder: Path, clock: Clock, closes: str) -> Iterator[Services]:
    """Monday: 30 agree and 20 refuse, 10 of them by agreeing to marketing alone; Tuesday: 3 do."""
    with opened(folder / "data", clock, counting(closes)) as parts:
        for visitor in range(30):
            decide(parts, visitor, statistics=2)
        for visitor in range(30, 40):
            decide(parts, visitor, statistics=0, marketing=2)
        for _ in range(10):
            parts.ledger.tally_refusal("shop", 1, IN_UTC)
        store(parts, crowd(parts, 1))
        clock.now += DAY
        for _ in range(3):
            parts.ledger.tally_refusal("shop", 1, IN_UTC)
        yield parts


def test_a_day_closes_with_both(daily: Services) -> None:
    """M27: of a day under the size there is no figure, and no rate of one alone."""
    days = days_of_answers(daily, WANTED)
    assert days == (DayAnswers(MONDAY, 30, 20),)
    assert (agreement(days).granted, agreement(days).answers) == (30, 50)


def test_of_a_longer_period_each_day_is_told_when_it_ends(tmp_path: Path, clock: Clock) -> None:
    """M27: told once; what closes later asks about the days that were not told yet alone."""
    with answered(tmp_path, clock, "week") as parts:
        week = key_of(MONDAY, closes="week")
        store(parts, [row(parts, 1, {"time": (MONDAY, "09")}, week)])
        count_days(parts, clock.now)
        assert days_of_answers(parts, WANTED) == (DayAnswers(MONDAY, 30, 20),)
        parts.ledger.tally_refusal("shop", 1, IN_UTC)
        clock.now = noon(SUNDAY)
        for _ in range(9):
            parts.ledger.tally_refusal("shop", 1, IN_UTC)
        clock.now += DAY
        close_due(parts, clock.now)
        assert days_of_answers(parts, WANTED) == (
            DayAnswers(MONDAY, 30, 20),
            DayAnswers(SUNDAY, None, 9),
        )
        assert agreement(days_of_answers(parts, WANTED)).days == 1


def test_that_a_day_is_told_says_nothing_of_who_came(tmp_path: Path, clock: Clock) -> None:
    """M27: whoever invents refusals sees the same whether one visitor came in that week or none."""
    views = []
    for comes in (False, True):
        clock.now = noon()
        folder = tmp_path / str(comes)
        with opened(folder, clock, counting("week")) as parts:
            for _ in range(20):
                parts.ledger.tally_refusal("shop", 1, IN_UTC)
            if comes:
                week = key_of(MONDAY, closes="week")
                store(parts, [row(parts, 1, {"time": (MONDAY, "09")}, week)])
            clock.now += DAY
            count_days(parts, clock.now)
            views.append(days_of_answers(parts, WANTED))
    assert views == [(DayAnswers(MONDAY, None, 20),)] * 2


@pytest.mark.anyio
async def test_the_page_says_the_rate_and_what_it_is_worth(daily: Services) -> None:
    """Each purpose, each day of one; that a program can invent refusals; and the same as a file."""
    dates = {"from": MONDAY, "to": TUESDAY}
    async with client_of(host_app(daily)) as client:
        await set_up(client, daily)
        page = (await client.get("/sites/shop/agreement", params=dates)).text
        cells = re.findall(r'<td class="n">([^<]*)</td>', page)
        rows = [cells[at : at + 3] for at in range(0, len(cells), 3)]
        assert rows.count(["30", "20", "60 %"]) == 2  # the purpose, and its Monday
        assert ["10", "10", "50 %"] in rows  # marketing, of which most were not asked
        assert "16 Nov 2026: 60 % agreed" in page
        assert "17 Nov 2026: no rate is shown" in page
        assert "a program can invent them" in page
        assert "Refusals are not counted now" not in page
        both = await client.get("/sites/shop/agreement-by-purpose.csv", params=dates)
        assert both.text.splitlines() == [
            '"purpose","agreed","refused","percent agreed","days"',
            '"marketing",10,10,50.0,1',
            '"statistics",30,20,60.0,1',
        ]
        table = (await client.get("/sites/shop/agreement.csv", params=dates)).text
        assert table.splitlines() == ['"day","agreed","refused"', f'"{MONDAY}",30,20']
        daily.registry.publish(read_policy({**counting("day").document, "count_refusals": False}))
        page = (await client.get("/sites/shop/agreement", params=dates)).text
        assert "count_refusals = true" in page
        assert "60 %" in page  # what was counted stays


@pytest.mark.anyio
async def test_a_rate_stands_beside_the_one_before(daily: Services) -> None:
    """Where it is asked for: of each purpose, of each day in the picture, and in the file."""
    dates = {"from": TUESDAY, "to": TUESDAY, "compare": "before"}
    async with client_of(host_app(daily)) as client:
        await set_up(client, daily)
        page = (await client.get("/sites/shop/agreement", params=dates)).text
        assert ">with the period before</a>" in page
        # Of Tuesday no rate is shown, of Monday it is.
        assert page.count('<td class="n">–</td><td class="n soft">60 %</td>') == 1
        file = await client.get("/sites/shop/agreement-by-purpose.csv", params=dates)
        assert file.text.splitlines()[-1] == '"statistics","","","","",60.0'
        both = {"from": MONDAY, "to": MONDAY, "compare": "before"}
        page = (await client.get("/sites/shop/agreement", params=both)).text
        assert "16 Nov 2026: 60 % agreed" in page
        assert ", before" not in page


@pytest.mark.anyio
async def test_the_overview_says_the_rate_of_its_page(tmp_path: Path, clock: Clock) -> None:
    """Of the days that show both answers, and never of what is `other` below them."""
    with opened(tmp_path / "data", clock, counting("day")) as parts:
        with writing(parts.engine) as connection:
            cells = (
                Cell("consent", ("granted",), "value", 40),
                Cell("consent", ("refused",), "value", 10),
                Cell("consent", ("refused",), "other", 9),
            )
            for day, own in ((MONDAY, cells), (TUESDAY, cells[:1])):
                said = Disclosed(Totals(None, None, None), own)
                write(connection, key_of(day), said, size=5, expires=2**40, settled=True)
        async with client_of(host_app(parts)) as client:
            await set_up(client, parts)
            page = (await client.get(f"/sites/shop?from={MONDAY}&to={TUESDAY}")).text
            assert re.search("<small>Agreed</small><strong>80.%</strong><small>of 50 answers", page)
