"""The facts of a period, read from a real event store, against the plainest counting there is."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sized
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.closing.tables import Questions
from askfirst_collector.store import scan_pairs
from askfirst_collector.store.facts import LAST_DAY, Facts, FirstDays, Frequent

from .house import MONDAY, Clock, key_of, noon, opened, row, store
from .populations import Visit, facts_of, pairs_of

QUESTIONS = Questions(goals=("order",), funnels={"f": ("page:/a",)})


def _visits(draw: random.Random) -> list[Visit]:
    made = []
    for _ in range(400):
        values: dict[str, Value] = {
            "page": ("/a", f"/a/{draw.randrange(9)}")[: draw.randrange(3)],
            "browser": (draw.choice("xyz"),)[: draw.randrange(2)],
            "referrer": (draw.choice(["internal", "search", "direct"]),)[: draw.randrange(2)],
            "time": (MONDAY, f"{draw.randrange(24):02}")[: draw.randrange(3)],
        }
        action = draw.random() < 0.2
        if action:
            values["action"] = (draw.choice(["order", "wish"]),)
        who = draw.choice([None, *range(40)])
        values = {name: value for name, value in values.items() if value}
        made.append(Visit(who, values, "action" if action else "page_view"))
    return made


def _sizes(groups: Mapping[Any, Sized]) -> dict[Any, int]:
    return {value: len(visitors) for value, visitors in groups.items()}


def test_facts_are_those_of_plain_counting(tmp_path: Path) -> None:
    """Every group of every attribute and pair has the visitors it should have, every day its views.

    Once of a period whose rows say their day, once of one that is a day.
    """
    visits = _visits(random.Random(4))
    with opened(tmp_path / "data", Clock(noon())) as parts:
        store(parts, [row(parts, v.visitor, v.values, type=v.type) for v in visits])
        with parts.events.reading(key_of()) as period:
            for whole in ("", MONDAY):
                facts, plain = (
                    period.facts(QUESTIONS.trees, QUESTIONS.apart, whole),
                    facts_of(visits, QUESTIONS, whole),
                )
                assert len(facts.total) == len(plain.total) == 40
                for name, leaves in plain.trees.items():
                    assert _sizes(facts.trees[name]) == _sizes(leaves), name
                days = {
                    day: (len(own.visitors), own.views, own.visits)
                    for day, own in facts.days.items()
                }
                assert days == {
                    day: (len(own.visitors), own.views, own.visits)
                    for day, own in plain.days.items()
                }
                assert days[MONDAY][2] < days[MONDAY][1] < 400


@pytest.mark.parametrize("tried", [0, scan_pairs.TRIED])
def test_pairs_are_those_of_plain_counting(
    tried: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By rows, and by values where rows need not be looked at, of visitors with several values."""
    monkeypatch.setattr(scan_pairs, "TRIED", tried)
    draw = random.Random(7)
    visits = _visits(draw)
    for n in range(1_500):
        os = ("mac",) if n % 100 > 20 else (draw.choice(["mac", "linux"]),)
        page = ("/b", draw.choice(["/b/1", "/b/2", "/b/3"]))
        visits.append(Visit(n % 100, {"os": os, "browser": (draw.choice("xy"),), "page": page}))
    pairs = [("browser", "page"), ("page", "time"), ("os", "page"), ("os", "browser")]
    with opened(tmp_path / "data", Clock(noon())) as parts:
        rows = [
            structs.replace(row(parts, v.visitor, v.values, type=v.type), is_sized=v.visitor != 3)
            for v in visits
        ]
        store(parts, rows)
        with parts.events.reading(key_of()) as period:
            facts = period.facts(QUESTIONS.trees, QUESTIONS.apart, MONDAY)
            answers = period.pairs(facts, pairs, _frequent(facts), 3)
    plain = replace(facts_of(visits, QUESTIONS, MONDAY), unsized=BitMap([3]))
    assert answers == pairs_of(visits, plain, pairs, _frequent(plain), 3)
    assert all(answers[pair] for pair in pairs)
    assert {own.unsized for groups in answers.values() for own in groups.values()} == {0, 1}


def _frequent(facts: Facts) -> Frequent:
    """All values that are as fine as a pair table has them, but one."""
    return {
        name: {
            value: BitMap().union(*(who for own, who in leaves.items() if own[:level] == value))
            for value in {own[:level] for own in leaves if len(own) >= level}
            if value != ("/a", "/a/8")
        }
        for name, level in (("browser", 1), ("os", 1), ("page", 2), ("time", 2))
        for leaves in [facts.trees[name]]
    }


def test_arrivals_are_those_of_plain_counting(tmp_path: Path) -> None:
    """Who is in which group by the end of a day, since when, and what happened on that day."""
    draw = random.Random(5)
    days = [f"2026-11-{day}" for day in (16, 17, 18)]
    visits = [
        replace(visit, values={**visit.values, "time": (draw.choice(days), "09")})
        if "time" in visit.values
        else visit
        for visit in _visits(draw)
    ]
    key = key_of(MONDAY, "week")
    with opened(tmp_path / "data", Clock(noon())) as parts:
        store(parts, [row(parts, v.visitor, v.values, key, type=v.type) for v in visits])
        for day in days:
            with parts.events.reading(key) as period:
                arrivals = period.arrivals(QUESTIONS.trees, day)
            plain = facts_of(visits, QUESTIONS).days[day]
            assert arrivals.day is not None
            assert (arrivals.day.views, arrivals.day.visits) == (plain.views, plain.visits)
            assert len(arrivals.day.visitors) == len(plain.visitors)
            dated = [
                visit
                for visit in visits
                if visit.visitor is not None and "" < visit.values.get("time", ("",))[0] <= day
            ]
            assert _counted(arrivals.everybody, day) == _first_days(dated)
            for name in ("page", "browser", "referrer", "os", "action"):
                rows = [v for v in dated if name != "action" or v.type == "action"]
                assert arrivals.trees[name].keys() == {v.values.get(name, ()) for v in rows}
                for value, first in arrivals.trees[name].items():
                    own = [v for v in rows if v.values.get(name, ()) == value]
                    assert _counted(first, day) == _first_days(own), (name, value)


def _counted(group: FirstDays, day: str) -> Counter[str]:
    """How many visitors of a group came first on each day."""
    first: dict[int, int] = {}
    for at in sorted(group):
        for visitor in group[at]:
            first.setdefault(visitor, at)
    last = date.fromisoformat(day)
    return Counter((last - timedelta(days=LAST_DAY - at)).isoformat() for at in first.values())


def _first_days(visits: list[Visit]) -> Counter[str]:
    """How many visitors came first on each day."""
    first: dict[int | None, str] = {}
    for visit in visits:
        at = visit.values["time"][0]
        first[visit.visitor] = min(at, first.get(visit.visitor, at))
    return Counter(first.values())
