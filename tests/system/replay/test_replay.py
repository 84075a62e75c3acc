"""A real log through the whole of it, over HTTP: the tables say what a second count says."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

import pytest

from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.closing.tables import TREES
from askfirst_collector.reports.ranges import report
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.store.facts import DERIVED, ENTRY, PAGES_SEEN
from tests.support.collectors import Clock
from tests.support.draws import drawn, no_noise
from tests.support.policies import every_purpose
from tests.support.whole import Site, Visitor, view
from tests.system.replay.counting import (
    Draw,
    Event,
    Seen,
    Table,
    capped,
    funnel,
    pairs,
    question,
    rule,
)
from tests.system.replay.log import KINDS, OWN, PARTS, Line, people

pytestmark = [pytest.mark.anyio, pytest.mark.corpus]

COUNTRIES = "mmdb/test-data/GeoIP2-Country-Test.mmdb"
SIZE = 5
# What a visitor chose, by the order in which they came: most as asked, some with less detail.
DETAILS = (2, 2, 2, 1, 2, 1)
SEED = 16
# The tables of a closing in the order in which they are asked, where they have rows.
ORDER = {
    "statistics": tuple(name for name in TREES if name not in ("cookies", *DERIVED)),
    "marketing": ("time", "page", "referrer", "campaign"),
}
AFTER = 600  # seconds after midnight


GOALS = ("download", "read")
FUNNELS: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "styled": [
        ("page", ("/favicon.ico",) * 2),
        ("page", ("/style2.css",) * 2),
        ("action", ("read",)),
    ],
    "tools": [("page", ("/projects", "/projects/xdotool")), ("action", ("download",))],
    "rare": [("page", ("/blog", "/blog/site")), ("action", ("read",))],
}


def site_policy() -> Policy:
    """The standard policy, of the site that the log is of, with what its visitors do there."""
    document = every_purpose("standard").document
    statistics = dict(document["purposes"]["statistics"])
    statistics["actions"] = {
        "download": {"kind": list(KINDS)},
        "read": {"part": list(PARTS)},
    }
    statistics["tables"] = {
        "pairs": [*statistics["tables"]["pairs"], ["page", "browser"], ["browser", "os"]],
        "goals": list(GOALS),
        "funnels": {
            name: [f"{table}:{path[-1]}" for table, path in steps]
            for name, steps in FUNNELS.items()
        },
    }
    purposes = {**document["purposes"], "statistics": statistics}
    origins = [f"https://{host}" for host in OWN]
    return read_policy({**document, "origins": origins, "purposes": purposes})


def level(table: str, detail: int) -> int:
    """How fine the standard policy's table is under this choice."""
    asked = {"time": 2, "page": 2, "referrer": 2, "campaign": 3, "action": 2}.get(table, 1)
    return asked if detail == 2 else 1


class Replay:
    """One run: visitors come as the log says, and the jobs close each day that is over."""

    def __init__(self, folder: Path, corpus: Path, lines: Sequence[Line]) -> None:
        self.clock = Clock(lines[0].at - 60)
        self.site = Site(
            folder,
            site_policy(),
            self.clock,
            places=corpus / COUNTRIES,
            urandom=drawn(SEED),
            sized=0,  # what is counted beside it knows no networks
        )
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
        detail = DETAILS[number % len(DETAILS)]
        self.details[line.who] = detail, 0 if number % 4 else detail
        statistics, marketing = self.details[line.who]
        await self.site.answer(visitor, {"statistics": statistics, "marketing": marketing})

    async def _visit(self, line: Line) -> None:
        purposes = ["statistics", *(["marketing"] if self.details[line.who][1] else [])]
        more = {"referrer": line.referrer} if line.referrer else {}
        events = [view(line.path, purpose, **more) for purpose in purposes]
        if (action := line.action()) is not None:
            name, key, value = action
            done = {"name": name, "properties": {key: value}}
            events.append({**view(line.path, **more), "type": "action", "action": done})
        stored = await self.site.send(self._visitors[line.who], *events)
        assert stored == {"stored": len(events), "dropped": []}

    def _midnight(self, next_: Line | None) -> None:
        self.clock.now = (next_.at if next_ else self.clock.now) // 86_400 * 86_400 + AFTER
        assert "close" in self.site.run_jobs()

    def seen(self, purpose: str, day: str) -> dict[str, list[Seen]]:
        """The rows of a day, by table: who, and what."""
        rows: dict[str, list[Seen]] = {name: [] for name in (*ORDER[purpose], *DERIVED)}
        for line in self.lines:
            detail = self.details[line.who][purpose == "marketing"]
            if line.day != day or not detail:
                continue
            values = line.values()
            for name in ORDER[purpose]:
                rows[name].append((line.who, values.get(name, ())[: level(name, detail)]))
            if values["referrer"][0] != "internal":
                rows[ENTRY].append((line.who, values["page"][: level("page", detail)]))
        views = Counter(who for who, _ in rows["page"])
        if purpose == "statistics":
            done = ((who, own["action"]) for who, own in self.events(day) if "action" in own)
            rows["action"] = list(done)
        rows[PAGES_SEEN] = [(who, ("one" if n == 1 else "more",)) for who, n in views.items()]
        return rows

    def events(self, day: str) -> list[Event]:
        """What statistics has of a day: page views, and what was done, each with all it says."""
        events: list[Event] = []
        for line in self.lines:
            if line.day == day and (detail := self.details[line.who][0]):
                cut = {name: path[: level(name, detail)] for name, path in line.values().items()}
                events.append((line.who, cut))
                if (action := line.action()) is not None:
                    name, key, value = action
                    path = (name, f"{key}={value}")[: level("action", detail)]
                    events.append((line.who, {**cut, "action": path}))
        return events

    def granted(self, purpose: str, day: str) -> list[Seen]:
        """The answers of a day."""
        return [
            (who, ("granted", "1"))
            for who, line in self._first.items()
            if line.day == day and self.details[who][purpose == "marketing"]
        ]


@pytest.mark.long
async def test_the_tables_of_a_real_log(tmp_path: Path, corpus: Path) -> None:
    """M27: every table of every closed day is the rule of the design over a second count.

    All rows of the log that are no bots: one receipt for each address and agent, the clock at each
    row's own time. Values come from other libraries than ours where there are any; the count, the
    rule and its draws are written anew in `counting.py`.
    """
    replay = Replay(tmp_path / "data", corpus, people(corpus))
    await replay.run()
    parts, stream = replay.site.collector.parts(), random.Random(SEED)
    days = sorted({line.day for line in replay.lines})
    assert parts.events.periods() == []
    compared = hidden = 0
    kinds: Counter[str] = Counter()
    for day in days:
        for purpose in ("marketing", "statistics"):
            rows = replay.seen(purpose, day) | {"consent": replay.granted(purpose, day)}
            expected, totals = second_count(rows, ORDER[purpose], day, stream.randbytes)
            if purpose == "statistics":
                expected |= together(replay.events(day), expected, stream.randbytes)
            wanted = Range("example", purpose, date.fromisoformat(day), date.fromisoformat(day))
            for table, cells in expected.items():
                answer = report(parts, wanted, table)
                assert {(row.path, row.kind): row.visitors for row in answer.rows} == cells, table
                assert (answer.visitors, answer.views, answer.visits) == totals
                compared += len(cells)
                kinds["pairs" if "*" in table else table.split()[0]] += len(cells)
                paths = {path for _, path in rows.get(table, ())}
                hidden += len(paths - {path for path, kind in cells if kind == "value"})
    assert len(days) == 4
    assert compared > 500
    assert hidden > 1000
    least = {"pairs": 300, "action": 10, "goals": 6, "funnel": 8}
    assert {name: kinds[name] for name in least if kinds[name] < least[name]} == {}, kinds
    await replay.site.aclose()


def second_count(
    rows: Mapping[str, list[Seen]], order: Sequence[str], day: str, draw: Draw
) -> tuple[dict[str, Table], tuple[int | None, ...]]:
    """Every table of a closed day, and its totals, in the order in which draws are taken."""
    visitors = question(rows["page"], SIZE, draw)
    totals: tuple[int | None, ...] = (None, None, None)
    if visitors is not None:
        totals = (
            visitors,
            capped(rows["page"], SIZE, draw),
            capped(rows[ENTRY], SIZE, draw),
        )
    tables = {
        name: rule(rows[name], SIZE, 2, draw) for name in ("action", "consent") if name in rows
    }
    for table in (*order, *DERIVED):
        depth = level("page" if table == ENTRY else table, 2)
        tables[table] = (
            {}
            if visitors is None
            else rule(rows[table], SIZE, depth, draw, days={(day,): visitors})
        )
    return tables, totals


def together(events: Sequence[Event], tables: dict[str, Table], draw: Draw) -> dict[str, Table]:
    """Pairs, goals and funnels of a closed day of statistics, from its tables."""
    listed = site_policy().purposes["statistics"].terms
    if not tables["page"]:
        return {}
    counted = pairs(events, listed.pairs, tables, SIZE, draw)
    shown = {path: n for (path, kind), n in tables["action"].items() if kind == "value"}
    goals: Table = {((name,), "value"): shown[(name,)] for name in GOALS if (name,) in shown}
    counted["goals"] = goals
    for name in listed.funnels:
        figures = funnel(events, FUNNELS[name], tables, SIZE, draw)
        steps = listed.funnels[name]
        counted[f"funnel {name}"] = {
            ((str(number), steps[number - 1]), "value"): figure
            for number, figure in enumerate(figures, 1)
        }
    return counted


def test_the_second_count_is_a_rule() -> None:
    """The rule of `counting.py` by hand: what too few share is `other`, parts under wholes."""
    rows: list[Seen] = [(f"v{n}", ("/a", "/a/b" if n < 3 else "/a/c")) for n in range(12)]
    rows += [(f"w{n}", ("/d",)) for n in range(9)] + [(f"x{n}", ("/e", "/e/f")) for n in range(4)]
    rows += [(f"y{n}", ("/g",)) for n in range(4)]
    assert rule(rows, 5, 2, no_noise) == {
        (("/a",), "value"): 12,
        (("/a", "/a/c"), "value"): 9,
        (("/d",), "value"): 9,
        (("/d",), "not given"): 9,
        ((), "other"): 8,
    }
