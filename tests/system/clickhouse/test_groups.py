"""What ClickHouse groups and counts is what plain counting gives, whatever the values are."""

from __future__ import annotations

import dataclasses
import itertools
import random
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.closing.tables import Questions
from askfirst_collector.store.clickhouse import groups, slices
from askfirst_collector.store.clickhouse import pairs as clickhouse_pairs
from askfirst_collector.store.clickhouse.events import ClickHouseEvents
from askfirst_collector.store.clickhouse.fields import nested
from askfirst_collector.store.facts import ACTED, Facts, Shared
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
    "action": (("order",), ("order", "1"), ("leave",)),
}
PAIRS = [
    *(("page", "referrer"), ("time", "page"), ("browser", "time"), ("browser", "referrer")),
    *((ACTED, "page"), ("browser", ACTED)),
]
ASKED = (("page", ("a", "b")), ("entry_page", ("a", "b")), ("action", ("order",)))


@pytest.mark.parametrize(
    ("kind", "room", "rows", "most"),
    [
        ("UInt64", 56, slices.ROWS, None),
        ("UInt128", 6, slices.ROWS, 20),
        ("UInt256", 3, 300, 20),
        ("UInt64", 56, 100, 1),
    ],
)
def test_groups_and_pairs_are_those_of_plain_counting(
    kind: str,
    room: int,
    rows: int,
    most: int | None,
    tmp_path: Path,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cut, empty and odd values, rows of nobody, drops, and visitors who count towards no size.

    However wide integers are, and however many of them it takes; in one go or visitors by visitors.
    """
    monkeypatch.setattr(groups, "_ROOM", room)
    monkeypatch.setattr(clickhouse_pairs, "_KINDS", ((kind, int(kind[4:])),))
    monkeypatch.setattr(slices, "ROWS", rows)
    draw = random.Random(3)
    visits = []
    for _ in range(900):
        values = {name: draw.choice(own) for name, own in VALUES.items()}
        kept = {name: value for name, value in values.items() if value}
        type_ = draw.choice(["page_view", "page_view", "action", "drop"])
        visits.append(Visit(draw.choice([None, *range(1, 60)]), kept, type_))
    stored = [
        replace(
            ROW,
            type=visit.type,
            values=visit.values,
            pseudonym=None if visit.visitor is None else bytes([visit.visitor * 4]) * 32,
            is_sized=visit.visitor != 7,
        )
        for visit in visits
    ]
    seen = [visit for visit in visits if visit.type != "drop"]
    plain = dataclasses.replace(facts_of(seen, QUESTIONS, DAY), unsized=BitMap([7]))
    frequent: dict[str, dict[Value, BitMap | None]] = {
        name: {value: BitMap() for value in own if len(value) == level}
        for name, level in (("page", 2), ("referrer", 2), ("time", 2), ("browser", 1), (ACTED, 1))
        for own in [VALUES["action" if name == ACTED else name]]
    }
    expected = pairs_of(seen, plain, PAIRS, frequent, 5)
    with closing(ClickHouseEvents(tmp_path / "events.db", url, ended=nobody)) as store:
        append(store, batch("one", *stored))
        with store.reading(ROW.key) as period:
            facts = period.facts(
                QUESTIONS.trees, QUESTIONS.apart, DAY, most=most, is_asked=lambda *one: one in ASKED
            )
            answers = period.pairs(facts, PAIRS, frequent, 5)
            assert period.pairs(facts, [], {}, 5) == {}
            assert period.facts(["time"], []).trees["time"].keys() == facts.trees["time"].keys()
    assert len(facts.total) == len(plain.total)
    for name in (*QUESTIONS.trees, "action"):
        _compare(name, facts, plain, most)
    one, other = facts.days[DAY], plain.days[DAY]
    assert (one.views, one.visits) == (other.views, other.visits)
    assert answers == expected
    assert {shared.unsized for own in answers.values() for shared in own.values()} == {0, 1}


def _compare(name: str, facts: Facts, plain: Facts, most: int | None) -> None:
    """Whether each value has as many visitors as it should, and few of them are known."""
    leaves, sizes = plain.trees[name], facts.sizes.get(name, {})
    assert facts.trees[name].keys() == leaves.keys(), name
    for value, who in leaves.items():
        known = facts.trees[name][value]
        is_few = most is None or len(who - plain.unsized) <= most or (name, value) in ASKED
        assert len(known) == len(who) or not (is_few or not sizes), (name, value)
        assert known.intersection_cardinality(facts.unsized) == len(who & plain.unsized)
        assert not sizes or (len(value) + 1, value) in sizes
    for (level, path), shared in sizes.items():
        who = BitMap().union(*(own for value, own in leaves.items() if value[:level] == path))
        assert shared == Shared(len(who), len(who & plain.unsized)), (name, level, path)


def test_numbers_are_nested_as_values_are() -> None:
    """What begins alike has the same bits, where that tells more than what it goes on with."""
    values: list[Value] = [
        (),
        ("a",),
        ("a", "b"),
        ("a", "c", "d"),
        ("e", "f", "g"),
        ("e", "f", "h"),
    ]
    own = nested("x", values, 56)
    assert sorted(own.cuts) == [1, 2]
    assert len(set(own.numbers.values())) == len(values)
    assert min(own.numbers.values()) == 1
    for level, bits in own.cuts.items():
        for one, other in itertools.combinations(values, 2):
            is_alike = one[:level] == other[:level]
            assert (own.numbers[one] & bits == own.numbers[other] & bits) == is_alike
    assert nested("x", [("a", "b", str(n)) for n in range(9)], 56).cuts.keys() == {2}
    assert nested("x", values, 4).lacks_cuts
    assert nested("x", [], 56).numbers == {}
