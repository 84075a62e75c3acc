"""Pair tables: how the values of two attributes fall together, of those that many share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from askfirst.terms.attributes import AUTOMATIC, Value
from askfirst_collector.store.disclosed import Cell

from .rule import Rule
from .steps import Shown
from .tables import PAIR_LEVELS

Pair = tuple[str, str]
Frequent = Mapping[str, AbstractSet[Value]]
Pairs = Mapping[Pair, Mapping[tuple[Value, Value], AbstractSet[int]]]
# Reads which visitors have rows with both values, of the values given for each attribute.
ReadPairs = Callable[[Sequence[Pair], Frequent], Pairs]

ENOUGH = 3  # times the size that both single figures have
# What nearly every page tells of by itself: with it falls together what the page does.
OF_EVERY_PAGE = frozenset({"engaged", "scrolled", "lcp", "inp", "cls"})


def pair_cells(pairs: Sequence[Pair], shown: Shown, rule: Rule, read: ReadPairs) -> Iterator[Cell]:
    """The pairs of frequent values that enough visitors share.

    A visitor's action is seldom on the page that led to it: beside actions, whoever has both values
    in the period is counted; else, and beside what the page itself tells, who has them in one row.
    """
    frequent = {name: _frequent(name, shown, rule.size) for pair in pairs for name in pair}
    rows = read(pairs, frequent)
    for a, b in pairs:
        groups = dict(rows.get((a, b), {}))
        for first in frequent[a] if "action" in (a, b) else ():
            for second in frequent[b]:
                if (first if a == "action" else second)[0] not in AUTOMATIC:
                    groups[first, second] = shown[a][first][1] & shown[b][second][1]
        for first, second in sorted(groups):
            figure = rule.figure(groups[first, second])
            if figure is not None:
                yield Cell(f"{a}*{b}", first + second, "value", figure)


def _frequent(name: str, shown: Shown, size: int) -> frozenset[Value]:
    level = PAIR_LEVELS.get(name, 1)
    return frozenset(
        value
        for value, (figure, _) in shown.get(name, {}).items()
        if len(value) == level and figure >= ENOUGH * size
        if not (name == "action" and value[0] in OF_EVERY_PAGE)
    )
