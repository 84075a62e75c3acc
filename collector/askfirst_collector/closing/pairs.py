"""Pair tables: how the values of two attributes fall together, of those that many share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import product
from typing import Protocol

from pyroaring import BitMap

from askfirst.terms.attributes import AUTOMATIC, Value
from askfirst_collector.store.disclosed import Cell
from askfirst_collector.store.facts import PAIR_LEVELS, Frequent, Leaves, Pair, Pairs

from .rule import Rule
from .steps import Shown


class Grouped(Protocol):
    """All visitors, and those of each value of each attribute."""

    @property
    def total(self) -> BitMap: ...
    @property
    def trees(self) -> Mapping[str, Leaves]: ...


# Reads which of these visitors have a row with both values, of the values given for each attribute.
ReadPairs = Callable[[Mapping[Pair, BitMap], Frequent], Pairs]

TRIED = 4  # pairs of values for each visitor; of more, every row is looked at
ENOUGH = 3  # times the size that both single figures have
# What nearly every page tells of by itself: with it falls together what the page does.
OF_EVERY_PAGE = frozenset({"engaged", "scrolled", "lcp", "inp", "cls"})


def pair_cells(
    pairs: Sequence[Pair], shown: Shown, facts: Grouped, rule: Rule, read: ReadPairs
) -> Iterator[Cell]:
    """The pairs of frequent values that enough visitors share.

    A visitor's action is seldom on the page that led to it: beside actions, whoever has both values
    in the period is counted; else, and beside what the page itself tells, who has them in one row.
    """
    frequent = {name: _frequent(name, shown, rule.size) for pair in pairs for name in pair}
    # Who has one value alone of an attribute has it in every row, but of actions.
    several = {
        name: facts.total if name == "action" else _several(facts.trees.get(name, {}))
        for name in frequent
    }
    most = TRIED * len(facts.total)
    few = {(a, b) for a, b in pairs if len(frequent[a]) * len(frequent[b]) <= most}
    of_rows = {
        (a, b): several[a] & several[b] if (a, b) in few else facts.total
        for a, b in pairs
        if _may_be_of_rows(a, frequent[a]) and _may_be_of_rows(b, frequent[b])
    }
    rows = read(of_rows, frequent)
    for pair in pairs:
        groups = rows.get(pair, {})
        a, b = pair
        if "action" in pair or pair in few:
            groups = _together(
                pair, frequent, shown, groups, of_rows.get(pair, BitMap()), rule.size
            )
        for first, second in sorted(groups):
            figure = rule.figure(groups[first, second])
            if figure is not None:
                yield Cell(f"{a}*{b}", first + second, "value", figure)


def _together(
    pair: Pair,
    frequent: Frequent,
    shown: Shown,
    rows: Mapping[tuple[Value, Value], BitMap],
    of_rows: BitMap,
    size: int,
) -> dict[tuple[Value, Value], BitMap]:
    """Who has both values; `rows` says it of those in `of_rows` where one row has to have both."""
    a, b = pair
    groups: dict[tuple[Value, Value], BitMap] = {}
    for first, second in product(frequent[a], frequent[b]):
        one, other = shown[a][first][1], shown[b][second][1]
        if one.intersection_cardinality(other) < size:
            continue
        both = one & other
        action = first if a == "action" else second if b == "action" else ()
        if not action or action[0] in AUTOMATIC:
            both = (both - of_rows) | rows.get((first, second), BitMap())
        groups[first, second] = both
    return groups


def _may_be_of_rows(name: str, values: AbstractSet[Value]) -> bool:
    """Whether any of these values has to be in one row with another one."""
    return any(name != "action" or value[0] in AUTOMATIC for value in values)


def _several(leaves: Leaves) -> BitMap:
    """Who has more than one value."""
    anybody, several = BitMap(), BitMap()
    for visitors in leaves.values():
        several |= anybody & visitors
        anybody |= visitors
    return several


def _frequent(name: str, shown: Shown, size: int) -> frozenset[Value]:
    level = PAIR_LEVELS.get(name, 1)
    return frozenset(
        value
        for value, (figure, _) in shown.get(name, {}).items()
        if len(value) == level and figure >= ENOUGH * size
        if not (name == "action" and value[0] in OF_EVERY_PAGE)
    )
