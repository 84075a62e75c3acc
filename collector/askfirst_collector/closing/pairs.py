"""Pair tables: how the values of two attributes fall together, of those that many share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from pyroaring import BitMap

from askfirst.terms.attributes import AUTOMATIC, Value
from askfirst_collector.store.disclosed import Cell
from askfirst_collector.store.facts import ACTED, PAIR_LEVELS, Facts, Frequent, Pair, Pairs

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
    actions = frequent.get("action", {}).items()
    frequent["action"] = {value: who for value, who in actions if value[0] in AUTOMATIC}
    frequent[ACTED] = {value: who for value, who in actions if value[0] not in AUTOMATIC}
    questions = [
        own for pair in pairs for own in _kinds(pair) if all(frequent[name] for name in own)
    ]
    answers = read(facts, questions, frequent, rule.size)
    for pair in pairs:
        groups = {both: own for kind in _kinds(pair) for both, own in answers.get(kind, {}).items()}
        a, b = pair
        for first, second in sorted(groups):
            figure = rule.figure_of(*groups[first, second])
            if figure is not None:
                yield Cell(f"{a}*{b}", first + second, "value", figure)


def _kinds(pair: Pair) -> Iterator[Pair]:
    """What is asked for it: beside actions, what falls together in rows and in the period."""
    yield pair
    if "action" in pair:
        a, b = pair
        yield (ACTED, b) if a == "action" else (a, ACTED)


def _frequent(name: str, shown: Shown, size: int) -> dict[Value, BitMap | None]:
    level = PAIR_LEVELS.get(name, 1)
    return {
        value: visitors
        for value, (figure, visitors) in shown.get(name, {}).items()
        if len(value) == level and figure >= ENOUGH * size
        if not (name == "action" and value[0] in OF_EVERY_PAGE)
    }
