"""M27: every look of a month at today's visitors so far, by whoever knows all others.

The bound of the page on trust, reached and not passed, in the real program with real draws.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from askfirst_collector.closing.calendar import HOUR
from tests.support.draws import drawn
from tests.support.whole import Visitor, view
from tests.system.adversary.lines import is_figure, statistics_alone
from tests.system.adversary.test_every_look import expect
from tests.system.adversary.watcher import Watcher
from tests.system.adversary.world import DAY, World

pytestmark = pytest.mark.anyio

DECEMBER = 1_796_083_200.0  # 2026-12-01T00:00:00Z
DAYS = 31
HOURS = range(1, 23)  # in each of them others come, and at every other one somebody more
NOON = 12
CROWD = 40  # in the first hour: from 20 on it is shown
OTHERS = 6  # of them fewer than none have come, by a draw, 1 in 100
# The draw of an hour is at least 0 in 2 of 3: who guesses by it is right as often.
RIGHT = Fraction(2, 3)

Looks = dict[int, int]  # the figure that is told at the end of each hour of a day


class December:
    """A site whose visitors come in the same hours of each day of a month."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder, statistics_alone("month"), draws=drawn(31))
        self.watcher = Watcher(self.world)
        self.crowd = [Visitor(f"92.{number}.69.1") for number in range(CROWD)]
        self.others = {
            hour: [Visitor(f"81.{hour}.{number}.1") for number in range(OTHERS)] for hour in HOURS
        }
        self.one = {hour: Visitor(f"175.{hour}.199.1") for hour in HOURS if hour % 2}

    async def begin(self) -> None:
        """Before anybody came."""
        self.world.clock.now = DECEMBER
        await self.world.open()
        await self.watcher.begin()

    async def come(self, visitors: Sequence[Visitor]) -> None:
        """They look at a page, and agree to it the first time."""
        for visitor in visitors:
            if not visitor.jar:
                await self.world.answer(visitor, {"statistics": 2})
            await self.world.send(visitor, view("/shop/tea"))

    async def look(self) -> int | None:
        """What the overview says of today, after the jobs; both places where it says so."""
        self.world.run_jobs()
        page = (await self.watcher.overview()).body.decode()
        total = re.search("<small>Today so far</small><strong>([0-9]+)", page)
        column = re.search("so far about ([0-9]+) visitors", page)
        # A column of a week or month says nothing of it.
        assert column is None or (total is not None and column[1] == total[1])
        return int(total[1]) if total else None

    async def day(self, number: int) -> Looks:
        """One of the days, and a look at the end of each hour; at noon somebody erases."""
        midnight, looks = DECEMBER + number * DAY, {}
        leaving = Visitor(f"203.{number}.113.1")
        for hour in range(HOURS.stop + 1):
            self.world.clock.now = midnight + hour * HOUR + 600
            figure = await self.look()
            if figure is not None:
                looks[hour - 1] = figure
            if hour == NOON:
                got = await self.world.post(leaving, "/askfirst/rights/erase", {})
                assert got.status < 300
                assert await self.look() == figure
            await self.come(self.others.get(hour, []) if hour else [*self.crowd, leaving])
            await self.come([self.one[hour]] if hour in self.one else [])
        return looks


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_every_look_of_a_month_at_today(tmp_path: Path) -> None:
    """All looks of a day tell of one visitor what one figure does; each day is a question more."""
    december = December(tmp_path)
    await december.begin()
    days = [await december.day(number) for number in range(DAYS)]
    await december.world.aclose()
    draws: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    right = Counter[int]()
    for looks in days:
        # What was told of a day stays told.
        assert list(looks.values()) == sorted(looks.values())
        for hour in HOURS:
            came, newcomers = hour in december.one, looks[hour] - looks[hour - 1]
            draws[came][newcomers - OTHERS - came] += 1
            right[hour] += (newcomers > OTHERS) is came
    # Nothing is certain: whatever one visitor brings, a draw brings as well, half as often.
    for noise in draws.values():
        for draw in range(-3, 4):
            expect(noise[draw], noise.total(), is_figure(100 + draw, 100))
    expect(right.total(), DAYS * len(HOURS), RIGHT)
    # Who comes on every day of a month is guessed by the days together.
    expect(sum(2 * days_right > DAYS for days_right in right.values()), len(HOURS), by_majority())


def by_majority() -> Fraction:
    """The chance that the guesses of a month are right more often than not."""
    return sum(
        (
            comb(DAYS, n) * RIGHT**n * (1 - RIGHT) ** (DAYS - n)
            for n in range(DAYS // 2 + 1, DAYS + 1)
        ),
        Fraction(0),
    )
