"""Disclosure: what of a period's facts anybody ever sees. Pure: facts in, cells out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from askfirst.terms.attributes import Value
from askfirst_collector.store.disclosed import Cell, Disclosed

from .cells import Group
from .pairs import Pair, pair_table
from .rounding import Rounding
from .steps import funnel, goals
from .tables import PAIR_LEVELS, Questions
from .tree import Leaves, tree


@dataclass(frozen=True)
class Facts:
    """The rows of one period, grouped. Never stored, never shown: `disclose` is the only way out.

    `trees` has the rows by the value of each attribute, `pairs` by the values of two.
    """

    total: Group = field(default_factory=Group)
    trees: Mapping[str, Leaves] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str], Mapping[tuple[Value, Value], Group]] = field(
        default_factory=dict
    )


def disclose(facts: Facts, questions: Questions, size: int, rounding: Rounding) -> Disclosed:
    """The answers to `questions`, by the rule of the design, each count rounded."""
    enough = len(facts.total.visitors) >= size
    cells = tuple(
        replace(cell, visitors=rounding.rounded(cell.visitors), views=rounding.rounded(cell.views))
        for cell in exact_cells(facts, questions, size)
    )
    if not enough:
        return Disclosed(None, None, cells)
    total = facts.total
    return Disclosed(rounding.rounded(len(total.visitors)), rounding.rounded(total.views), cells)


def exact_cells(facts: Facts, questions: Questions, size: int) -> Iterator[Cell]:
    """The cells that are shown, before rounding: for `disclose`, and for those who attack it."""
    enough = len(facts.total.visitors) >= size
    shown: dict[str, dict[Value, Group]] = {}
    for name in (*questions.apart, *(questions.trees if enough else ())):
        by_path = shown[name] = {}
        for cell, group in tree(name, facts.trees.get(name, {}), size):
            yield cell
            if cell.kind == "value":
                by_path[cell.path] = group
    if not enough:
        return
    for a, b in questions.pairs:
        groups: dict[Pair, Group] = {}
        for (first, second), group in facts.pairs.get((a, b), {}).items():
            pair = (_if_shown(a, first, shown), _if_shown(b, second, shown))
            groups.setdefault(pair, Group()).add(group)
        yield from pair_table(f"{a}*{b}", groups, size)
    yield from goals(questions.goals, shown)
    for name, steps in questions.funnels.items():
        yield from funnel(name, steps, shown, size)


def _if_shown(name: str, value: Value, shown: Mapping[str, Mapping[Value, Group]]) -> Value | None:
    level = PAIR_LEVELS.get(name, 1)
    cut = value[:level]
    return cut if len(cut) == level and cut in shown.get(name, {}) else None
