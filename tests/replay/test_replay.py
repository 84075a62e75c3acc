"""A real log through the whole of it, over HTTP: the tables say what a second count says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

import pytest

from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst_collector.closing.tables import TREES
from askfirst_collector.reports.ranges import Row, Wanted, report
from tests.collectors import Clock
from tests.replay.counting import Seen, Table, rule
from tests.replay.log import OWN, Line, people
from tests.whole import Site, Visitor, view

pytestmark = [pytest.mark.anyio, pytest.mark.corpus]

COUNTRIES = "mmdb/test-data/GeoIP2-Country-Test.mmdb"
SIZE = 5
# What a visitor chose, by the order in which they came: most as asked, some with less detail.
DETAILS = (2, 2, 2, 1, 2, 1)
AFTER = 600  # seconds after midnight


def site_policy() -> Policy:
    """The standard policy, of the site that the log is of."""
    origins = [f"https://{host}" for host in OWN]
    return read_policy({**shipped("standard").document, "origins": origins})


def level(table: str, detail: int) -> int:
    """How fine the standard policy's table is under this choice."""
    asked = 2 if table in ("time", "page", "referrer") else 1
    return asked if detail == 2 else 1


class Replay:
    """One run: visitors come as the log says, and the jobs close each day that is over."""

    def __init__(self, folder: Path, corpus: Path, lines: Sequence[Line]) -> None:
        self.clock = Clock(lines[0].at - 60)
        self.site = Site(folder, site_policy(), self.clock, places=corpus / COUNTRIES)
        self.lines = lines
        self.details: dict[str, tuple[int, int]] = {}  # statistics, marketing
        self._visitors: dict[str, Visitor] = {}
        self._first: dict[str, Line] = {}

    async def run(self) -> None:
        """All of it."""
        today = self.lines[0].day
        for at, together in groupby(self.lines, key=lambda line: line.at):
            lines = list(together)
            if lines[0].day != today:
                self._midnight(lines[0])
                today = lines[0].day
            self.clock.now = at
            await asyncio.gather(*map(self._meet, {line.who: line for line in lines}.values()))
            await asyncio.gather(*map(self._visit, lines))
        self.clock.now += 86_400
        self._midnight(None)

    async def _meet(self, line: Line) -> None:
        if line.who in self._visitors:
            return
        number = len(self._visitors)
        self._visitors[line.who] = visitor = Visitor(line.ip, line.agent.encode("latin-1"))
        self._first[line.who] = line
        self.details[line.who] = DETAILS[number % len(DETAILS)], 0 if number % 4 else 3
        statistics, marketing = self.details[line.who]
        await self.site.answer(visitor, {"statistics": statistics, "marketing": marketing})

    async def _visit(self, line: Line) -> None:
        purposes = ["statistics", *(["marketing"] if self.details[line.who][1] else [])]
        more = {"referrer": line.referrer} if line.referrer else {}
        events = [view(line.path, purpose, **more) for purpose in purposes]
        stored = await self.site.send(self._visitors[line.who], *events)
        assert stored == {"stored": len(events), "dropped": []}

    def _midnight(self, next_: Line | None) -> None:
        self.clock.now = (next_.at if next_ else self.clock.now) // 86_400 * 86_400 + AFTER
        assert "close" in self.site.run_jobs()

    def seen(self, purpose: str, day: str) -> dict[str, list[Seen]]:
        """The rows of a day, by table: who (None under the least detail), and what."""
        found: dict[str, list[Seen]] = {name: [] for name in TREES}
        for line in self.lines:
            detail = self.details[line.who][purpose == "marketing"]
            if line.day != day or not detail:
                continue
            values = line.values()
            for name in found:
                wanted = values.get(name, ())
                if purpose == "marketing" and name not in ("time", "page", "referrer"):
                    wanted = ()
                who = line.who if detail > 1 else None
                found[name].append((who, wanted[: level(name, detail)]))
        return found

    def granted(self, purpose: str, day: str) -> list[Seen]:
        """The answers of a day."""
        return [
            (who, ("granted", "1"))
            for who, line in self._first.items()
            if line.day == day and self.details[who][purpose == "marketing"]
        ]


async def test_the_tables_of_a_real_log(tmp_path: Path, corpus: Path) -> None:
    """M27: every table of every closed day is the rule of the design over a second count.

    All rows of the log that are no bots: one receipt for each address and agent, the clock at each
    row's own time. Values come from other libraries than ours where there are any; the count and
    the rule are written anew in `counting.py`. Rounding is known by what it does: the nearest
    multiple of five on either side, and one count reads the same in every table of a day.
    """
    replay = Replay(tmp_path / "data", corpus, people(corpus))
    await replay.run()
    parts = replay.site.collector.parts()
    days = sorted({line.day for line in replay.lines})
    assert parts.events.periods() == []
    compared = hidden = 0
    for day in days:
        read: dict[int, int] = {}
        for purpose in ("statistics", "marketing"):
            wanted = Wanted("example", purpose, date.fromisoformat(day), date.fromisoformat(day))
            seen = replay.seen(purpose, day) | {"consent": replay.granted(purpose, day)}
            for table, rows in seen.items():
                expected = rule(rows, SIZE)
                found = report(parts, wanted, table)
                compared += _same(expected, found.rows, read)
                paths = {path for _, path in rows}
                hidden += len(paths - {path for path, kind in expected if kind == "value"})
                if table == "page":
                    visitors = {who for who, _ in rows if who}
                    _reads(read, len(visitors), found.visitors)
                    _reads(read, len(rows), found.views)
    assert len(days) == 4
    assert compared > 500
    assert hidden > 1000
    await replay.site.aclose()


def _same(expected: Table, rows: Sequence[Row], read: dict[int, int]) -> int:
    found: Table = {(row.path, row.kind): (row.visitors, row.views) for row in rows}
    assert found.keys() == expected.keys()
    for cell, exact in expected.items():
        for count, shown in zip(exact, found[cell], strict=True):
            _reads(read, count, shown)
    return len(found)


def _reads(read: dict[int, int], count: int, shown: int | None) -> None:
    """That a count is rounded to one of its neighbours, and to the same wherever it stands."""
    assert shown is not None
    assert shown % 5 == 0
    assert abs(shown - count) < 5
    assert shown > 0 or count == 0
    assert read.setdefault(count, shown) == shown


def test_the_second_count_is_a_rule() -> None:
    """The rule of `counting.py` by hand: `other` grows until it is enough, parts under wholes."""
    rows: list[Seen] = [(f"v{n}", ("/a", "/a/b" if n < 5 else "/a/c")) for n in range(12)]
    rows += [(f"w{n}", ("/d",)) for n in range(6)] + [("x", ("/e", "/e/f")), (None, ("/a",))]
    assert rule(rows, 5) == {
        (("/a",), "value"): (12, 13),
        (("/a", "/a/c"), "value"): (7, 7),
        (("/a", "/a/b"), "value"): (5, 5),
        ((), "other"): (7, 7),
    }
