"""The facts of a period, read from the event store in one scan.

Rows lie together by visitor, so a visitor is a running number here and no pseudonym is kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from askfirst.terms.attributes import Value
from askfirst_collector.store.dictionary import find_period, time_value
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.schema import PARTS, TYPES

from .cells import Group
from .disclosure import Facts
from .tables import Questions

_PAGE_VIEW, _ACTION = TYPES.index("page_view"), TYPES.index("action")
_LEVELS = 8  # more than any attribute has: room for a time's level in its number
_PART_NAMES = ", ".join(f"part_{n + 1}" for n in range(PARTS))


@dataclass(frozen=True)
class Limits:
    """What the terms of a period's rows say: the largest size, the shortest days."""

    min_cell_size: int
    retention_days: int
    keep_rows_days: int  # the longest: 0 says that no row is kept


def read_limits(connection: sqlite3.Connection, key: PeriodKey) -> Limits | None:
    """The limits of a period's rows; None where it has none."""
    found = connection.execute(
        "SELECT MAX(min_cell_size), MIN(retention_days), MAX(keep_rows_days)"
        " FROM event WHERE period = ?",
        (find_period(connection, key),),
    ).fetchone()
    return None if found[0] is None else Limits(*found)


def read_facts(connection: sqlite3.Connection, key: PeriodKey, questions: Questions) -> Facts:
    """Group the rows of a period by every value that `questions` are about."""
    number = find_period(connection, key)
    names = [*questions.trees, "action"]
    singles: list[dict[int, Group]] = [{} for _ in names]
    joint: list[dict[tuple[int, int], Group]] = [{} for _ in questions.pairs]
    total = _scan(connection, number, names, singles, questions.pairs, joint)
    values = _values(connection, number)
    trees = {
        name: {_decoded(name, code, values): group for code, group in groups.items()}
        for name, groups in zip(names, singles, strict=True)
    }
    pairs = {
        (a, b): {
            (_decoded(a, left, values), _decoded(b, right, values)): group
            for (left, right), group in groups.items()
        }
        for (a, b), groups in zip(questions.pairs, joint, strict=True)
    }
    return Facts(total, trees, pairs)


def _scan(
    connection: sqlite3.Connection,
    period: int | None,
    names: Sequence[str],
    singles: Sequence[dict[int, Group]],
    pairs: Sequence[tuple[str, str]],
    joint: Sequence[dict[tuple[int, int], Group]],
) -> Group:
    columns = ", ".join(_column(name) for name in names)
    rows = connection.execute(
        f"SELECT visitor, type, {columns} FROM event WHERE period = ? ORDER BY visitor",  # noqa: S608
        (period,),
    )
    total = Group()
    last, visitor = b"", 0
    trees = [(i + 2, groups) for i, groups in enumerate(singles) if names[i] != "action"]
    actions, action_at = singles[-1], len(names) + 1
    places = [(names.index(a) + 2, names.index(b) + 2, joint[i]) for i, (a, b) in enumerate(pairs)]
    # The hot loop of closing: about 3 µs a row, so nothing here is a function call.
    for row in rows:
        pseudonym, kind = row[0], row[1]
        if pseudonym != last:
            last = pseudonym
            visitor += 1
            total.visitors.add(visitor)
        view = 1 if kind == _PAGE_VIEW else 0
        total.views += view
        for place, groups in trees:
            group = groups.get(row[place])
            if group is None:
                group = groups[row[place]] = Group()
            if pseudonym:
                group.visitors.add(visitor)
            group.views += view
        if kind == _ACTION:
            group = actions.setdefault(row[action_at], Group())
            if pseudonym:
                group.visitors.add(visitor)
            group.views += 1
        for left, right, both in places:
            group = both.setdefault((row[left], row[right]), Group())
            if pseudonym:
                group.visitors.add(visitor)
            group.views += view
    return total


def _column(name: str) -> str:
    return f"COALESCE(time, 0) * {_LEVELS} + time_level" if name == "time" else name


def _values(connection: sqlite3.Connection, period: int | None) -> dict[int, Value]:
    found: Iterable[Sequence[int | str]] = connection.execute(
        f"SELECT id, level, {_PART_NAMES} FROM value WHERE period = ?",  # noqa: S608
        (period,),
    )
    return {int(row[0]): tuple(map(str, row[2 : 2 + int(row[1])])) for row in found}


def _decoded(name: str, code: int, values: dict[int, Value]) -> Value:
    if name == "time":
        seconds, level = divmod(code, _LEVELS)
        return time_value(seconds, level)
    return values[code] if code else ()
