"""Pair tables: how the values of two attributes fall together, of those that many share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import product

from pyroaring import BitMap

from askfirst.terms.attributes import AUTOMATIC, Value
from askfirst_collector.store.disclosed import Cell
from askfirst_collector.store.facts import PAIR_LEVELS, Facts, Frequent, Pair, Pairs, Shared

from .rule import Rule
from .steps import Shown

# Reads how many have a row with both values, of those that are frequent (see `PeriodReader`).
ReadPairs = Callable[[Facts, Collection[Pair], Frequent, int], Pairs]

ENOUGH = 3  # times the size that both single figures have
# What nearly every page tells of by itself: with it falls together what the page does.
OF_EVERY_PAGE = frozenset({"engaged", "scrolled", "lcp", "inp", "cls"})


def pair_cells(
    pairs: Sequence[Pair], shown: Shown, facts: Facts, rule: Rule, read: ReadPairs
) -> Iterator[Cell]:
    """The pairs of frequent values that enough visitors share.

    A visitor's action is seldom on the page that led to it: beside actions, whoever has both values
    in the period is counted; else, and beside what the page itself tells, who has them in one row.
    """
    frequent = {name: _frequent(name, shown, rule.size) for pair in pairs for name in pair}
    of_rows = dict(frequent)
    if "action" in frequent:
        actions = frequent["action"].items()
        of_rows["action"] = {value: who for value, who in actions if value[0] in AUTOMATIC}
    row_pairs = [pair for pair in pairs if all(of_rows[name] for name in pair)]
    rows = read(facts, row_pairs, of_rows, rule.size)
    for pair in pairs:
        groups = dict(rows.get(pair, {}))
        if "action" in pair:
            groups |= _beside_actions(pair, frequent, rule)
        a, b = pair
        for first, second in sorted(groups):
            figure = rule.figure_of(*groups[first, second])
            if figure is not None:
                yield Cell(f"{a}*{b}", first + second, "value", figure)


def _beside_actions(
    pair: Pair, frequent: Frequent, rule: Rule
) -> dict[tuple[Value, Value], Shared]:
    """How many have both in the period, but for actions that the page itself tells of."""
    a, b = pair
    place = pair.index("action")
    groups: dict[tuple[Value, Value], Shared] = {}
    for first, second in product(frequent[a], frequent[b]):
        if (first, second)[place][0] not in AUTOMATIC:
            one, other = frequent[a][first], frequent[b][second]
            if one.intersection_cardinality(other) >= rule.size:
                groups[first, second] = rule.shared(one & other)
    return groups


def _frequent(name: str, shown: Shown, size: int) -> dict[Value, BitMap]:
    level = PAIR_LEVELS.get(name, 1)
    return {
        value: visitors
        for value, (figure, visitors) in shown.get(name, {}).items()
        if len(value) == level and figure >= ENOUGH * size
        if not (name == "action" and value[0] in OF_EVERY_PAGE)
    }
