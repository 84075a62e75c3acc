"""Statements that are about many rows at once.

Every statement gives up and takes back the interpreter's lock, which costs more than the statement
where other threads are busy; so rows go by the hundred.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

MOST = 256  # rows or keys in one statement

Numbers = tuple[object, ...]


def found(
    connection: sqlite3.Connection,
    table: str,
    columns: tuple[str, str, str],
    names: Sequence[tuple[int, bytes]],
) -> dict[tuple[int, bytes], Any]:
    """What the third of these columns says beside the first two, where a row has them."""
    first, second, third = columns
    rows: dict[tuple[int, bytes], Any] = {}
    for start in range(0, len(names), MOST):
        chunk = names[start : start + MOST]
        size = _size(len(chunk))
        marks = ", ".join(["(?, ?)"] * size)
        # CROSS: the few that are wanted are each looked up, not all of the table.
        select = (
            f"WITH wanted ({first}, {second}) AS (VALUES {marks})"  # noqa: S608
            f" SELECT {first}, {second}, {third}"
            f" FROM wanted CROSS JOIN {table} USING ({first}, {second})"
        )
        filled = chain(chunk, repeat(chunk[0], size - len(chunk)))
        for one, other, wanted in connection.execute(select, [*chain.from_iterable(filled)]):
            rows[one, other] = wanted
    return rows


def insert(
    connection: sqlite3.Connection, table: str, columns: int, rows: Sequence[Numbers]
) -> None:
    """Insert rows of a table of ours, many by one statement."""
    row = f"({', '.join('?' * columns)})"
    for start in range(0, len(rows), MOST):
        chunk = rows[start : start + MOST]
        size = _size(len(chunk))
        filled = [*chunk, *[(None,) * columns] * (size - len(chunk))]
        values = ", ".join([row] * size)
        statement = f"INSERT INTO {table} SELECT * FROM (VALUES {values}) LIMIT ?"  # noqa: S608
        connection.execute(statement, [*chain.from_iterable(filled), len(chunk)])


def _size(count: int) -> int:
    """The next power of two: of few sizes, each statement is prepared once."""
    return 1 << (count - 1).bit_length()
