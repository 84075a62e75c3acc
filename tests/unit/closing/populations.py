"""Populations for tests: visitors with values, counted in the plainest way there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product

from hypothesis import strategies as st
from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.closing.tables import Questions
from askfirst_collector.store.facts import (
    ACTED,
    DERIVED,
    ENTRY,
    MOST_A_DAY,
    PAGES_SEEN,
    PAIR_LEVELS,
    DayFacts,
    Facts,
    Frequent,
    Pair,
    Pairs,
    Shared,
)


@dataclass(frozen=True)
class Visit:
    """One row: who (None for a row without pseudonym) and what."""

    visitor: int | None
    values: dict[str, Value] = field(default_factory=dict)
    type: str = "page_view"

    @property
    def begins(self) -> bool:
        """Whether a visit begins with it."""
        channel = self.values.get("referrer", ())[:1]
        return self.type == "page_view" and channel not in ((), ("internal",))


def facts_of(visits: Iterable[Visit], questions: Questions, whole: str = "") -> Facts:
    """Group visits by every value that is asked about."""
    rows = [visit for visit in visits if visit.visitor is not None]
    trees: dict[str, dict[Value, BitMap]] = {
        name: {} for name in (*questions.trees, *questions.apart)
    }
    for row in rows:
        assert row.visitor is not None
        for name in questions.trees:
            if name not in DERIVED:
                trees[name].setdefault(row.values.get(name, ()), BitMap()).add(row.visitor)
        if ENTRY in questions.trees and row.begins:
            trees[ENTRY].setdefault(row.values.get("page", ()), BitMap()).add(row.visitor)
        if row.type == "action" and "action" in questions.apart:
            trees["action"].setdefault(row.values.get("action", ()), BitMap()).add(row.visitor)
    if PAGES_SEEN in questions.trees:
        counts = Counter(row.visitor for row in rows if row.type == "page_view")
        for visitor, count in counts.items():
            assert visitor is not None
            value = ("one",) if count == 1 else ("more",)
            trees[PAGES_SEEN].setdefault(value, BitMap()).add(visitor)
    dated = [(whole or "".join(row.values.get("time", ())[:1]), row) for row in rows]
    days = {
        day: DayFacts(
            _numbers(row for at, row in dated if at == day),
            _capped(row for at, row in dated if at == day and row.type == "page_view"),
            _capped(row for at, row in dated if at == day and row.begins),
        )
        for day in {day for day, _ in dated if day}
    }
    return Facts(
        _numbers(rows),
        trees,
        days,
    )


def _numbers(rows: Iterable[Visit]) -> BitMap:
    return BitMap([row.visitor for row in rows if row.visitor is not None])


def _capped(rows: Iterable[Visit]) -> int:
    return sum(min(count, MOST_A_DAY) for count in Counter(row.visitor for row in rows).values())


def pairs_of(
    visits: Iterable[Visit], facts: Facts, pairs: Collection[Pair], frequent: Frequent, size: int
) -> Pairs:
    """How many visitors have a row with both values, or an action and, in any row, a value."""
    rows = [visit for visit in visits if visit.visitor is not None]
    groups: dict[Pair, dict[tuple[Value, Value], BitMap]] = {pair: {} for pair in pairs}
    for a, b in pairs:
        of_period = ACTED in (a, b)
        for one, other in product(rows, rows) if of_period else zip(rows, rows, strict=True):
            if one.visitor == other.visitor:
                first, second = _cut(one, a), _cut(other, b)
                if first in frequent[a] and second in frequent[b]:
                    groups[a, b].setdefault((first, second), BitMap()).add(one.visitor or 0)
    return {
        pair: {
            both: Shared(len(who), len(who & facts.unsized))
            for both, who in own.items()
            if len(who) >= size
        }
        for pair, own in groups.items()
    }


def _cut(visit: Visit, name: str) -> Value:
    if name == ACTED:
        return visit.values.get("action", ())[:1] if visit.type == "action" else ()
    return visit.values.get(name, ())[: PAIR_LEVELS.get(name, 1)]


def values_of(depth: int, words: Sequence[str] = "abc") -> st.SearchStrategy[Value]:
    """Values of up to `depth` parts: some rows are cut, some not given at all."""
    return st.lists(st.sampled_from(words), max_size=depth).map(tuple)


visits = st.builds(
    Visit,
    st.one_of(st.none(), st.integers(0, 25)),
    st.fixed_dictionaries(
        {"page": values_of(3, "abcd"), "browser": values_of(2), "os": values_of(1)}
    ),
)
many_visits = st.lists(visits, max_size=120)
