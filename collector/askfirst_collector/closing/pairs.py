"""Pair tables: how the values of two attributes fall together, without giving single ones away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from askfirst.terms.attributes import Value
from askfirst_collector.closing.cut_edges import cut_edges
from askfirst_collector.store.disclosed import Cell

from .cells import Group, is_small, together

# A row's values of both attributes; None stands for a value that its own table does not show.
Pair = tuple[Value | None, Value | None]
# One row or column of a pair table: (0, value of the first) or (1, value of the second).
Margin = tuple[int, Value | None]


def pair_table(table: str, groups: Mapping[Pair, Group], size: int) -> Iterator[Cell]:
    """The pairs of shown values that enough visitors share; everything else is in `other`.

    The single tables show the margins of this one. So beyond the one rule, what each row and
    column hides is nothing or reaches the size, and no small pair follows by subtraction.
    """
    shown = {
        pair: group
        for pair, group in groups.items()
        if None not in pair and len(group.visitors) >= size
    }
    hidden = {pair: group for pair, group in groups.items() if pair not in shown}
    while shown and (leaks := _leaks(hidden, shown, size)):
        pair = min(leaks, key=lambda pair: (len(shown[pair].visitors), str(pair)))
        hidden[pair] = shown.pop(pair)
    if not shown:
        return
    for (a, b), group in sorted(shown.items(), key=lambda item: str(item[0])):
        yield Cell(table, (a or ()) + (b or ()), "value", len(group.visitors), group.views)
    other = together(list(hidden.values()))
    if other.visitors:
        yield Cell(table, (), "other", len(other.visitors), other.views)


def _leaks(hidden: Mapping[Pair, Group], shown: Mapping[Pair, Group], size: int) -> set[Pair]:
    """The shown pairs of which one must be hidden as well; none where nothing small follows."""
    everyone = together(list(hidden.values()))
    if is_small(everyone.visitors, size):
        return set(shown)
    margins: dict[Margin, set[int]] = {}
    for pair, group in hidden.items():
        for side, value in enumerate(pair):
            margins.setdefault((side, value), set()).update(group.visitors)
    exposed = {margin for margin, visitors in margins.items() if is_small(visitors, size)}
    leaks = {pair for pair in shown if exposed & set(_margins(pair))}
    return leaks or _leaks_by_subtraction(hidden, shown, margins, size)


def _leaks_by_subtraction(
    hidden: Mapping[Pair, Group],
    shown: Mapping[Pair, Group],
    margins: Mapping[Margin, set[int]],
    size: int,
) -> set[Pair]:
    # Who sees the margins has one equation a row and column; a hidden pair is determined by
    # them when it is a bridge between rows and columns that hide somebody.
    small = {pair for pair, group in hidden.items() if is_small(group.visitors, size)}
    if not small:
        return set()
    rows = [value for side, value in margins if side == 0 and margins[side, value]]
    columns = [value for side, value in margins if side == 1 and margins[side, value]]
    edges: list[tuple[Margin, Margin]] = [
        ((0, row), (1, column)) for row in rows for column in columns if (row, column) not in shown
    ]
    given_away = small & {(edge[0][1], edge[1][1]) for edge in cut_edges(edges)}
    near = {margin for pair in given_away for margin in _margins(pair)}
    return {pair for pair in shown if near & set(_margins(pair))} or (
        set(shown) if given_away else set()
    )


def _margins(pair: Pair) -> tuple[Margin, Margin]:
    return (0, pair[0]), (1, pair[1])
