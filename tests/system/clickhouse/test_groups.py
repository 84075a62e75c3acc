"""What ClickHouse groups and counts is what plain counting gives, whatever the values are."""

from __future__ import annotations

import dataclasses
import random
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.closing.tables import Questions
from askfirst_collector.store.clickhouse import groups
from askfirst_collector.store.clickhouse import pairs as clickhouse_pairs
from askfirst_collector.store.clickhouse.events import ClickHouseEvents
from tests.unit.closing.populations import Visit, facts_of, pairs_of
from tests.unit.store.rows import ROW, append, batch, nobody

DAY = "2026-11-16"
QUESTIONS = Questions()
PAGES: tuple[Value, ...] = (
    (),
    ("a",),
    ("a", ""),
    ("a", "\x10"),
    ("a", "\x1f"),
    ("a", "\x100"),
    ("a", "b"),
    ("a", "b", "c"),
    ("a", "ü"),
)
VALUES: dict[str, tuple[Value, ...]] = {
    "page": PAGES,
    "referrer": ((), ("search",), ("search", "x"), ("search", "y"), ("", "")),
    "time": ((), (DAY,), (DAY, "09"), (DAY, "09", "30"), (DAY, "10")),
    "browser": ((), ("x",), ("x", "1"), ("y",)),
}
PAIRS = [("page", "referrer"), ("time", "page"), ("browser", "time"), ("browser", "referrer")]


@pytest.mark.parametrize(("kind", "room"), [("UInt64", 58), ("UInt128", 6), ("UInt256", 3)])
def test_groups_and_pairs_are_those_of_plain_counting(
    kind: str, room: int, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut, empty and odd values, rows of nobody, drops, and visitors who count towards no size.

    However wide integers are, and however many of them it takes.
    """
    monkeypatch.setattr(groups, "_ROOM", room)
    monkeypatch.setattr(clickhouse_pairs, "_KINDS", ((kind, 255),))
    draw = random.Random(3)
    visits = []
    for _ in range(900):
        values = {name: draw.choice(own) for name, own in VALUES.items()}
        kept = {name: value for name, value in values.items() if value}
        type_ = draw.choice(["page_view", "page_view", "action", "drop"])
        visits.append(Visit(draw.choice([None, *range(1, 60)]), kept, type_))
    rows = [
        replace(
            ROW,
            type=visit.type,
            values=visit.values,
            pseudonym=None if visit.visitor is None else bytes([visit.visitor]) * 32,
            is_sized=visit.visitor != 7,
        )
        for visit in visits
    ]
    seen = [visit for visit in visits if visit.type != "drop"]
    plain = dataclasses.replace(facts_of(seen, QUESTIONS, DAY), unsized=BitMap([7]))
    frequent = {
        name: {value: BitMap() for value in own if len(value) == level}
        for name, level in (("page", 2), ("referrer", 2), ("time", 2), ("browser", 1))
        for own in [VALUES[name]]
    }
    expected = pairs_of(seen, plain, PAIRS, frequent, 5)
    with closing(ClickHouseEvents(tmp_path / "events.db", url, ended=nobody)) as store:
        append(store, batch("one", *rows))
        with store.reading(ROW.key) as period:
            facts = period.facts(QUESTIONS.trees, QUESTIONS.apart, DAY)
            answers = period.pairs(facts, PAIRS, frequent, 5)
            assert period.pairs(facts, [], {}, 5) == {}
            assert period.facts(["time"], []).trees["time"].keys() == facts.trees["time"].keys()
    assert len(facts.total) == len(plain.total)
    for name in (*QUESTIONS.trees, "action"):
        own = {value: len(who) for value, who in plain.trees[name].items()}
        assert {value: len(who) for value, who in facts.trees[name].items()} == own, name
    one, other = facts.days[DAY], plain.days[DAY]
    assert (one.views, one.visits) == (other.views, other.visits)
    assert answers == expected
    assert {shared.unsized for own in answers.values() for shared in own.values()} == {0, 1}
