"""Taking rows out of `events.db`, and with them every string that only they used."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from .dictionary import find_period
from .events import PeriodKey
from .schema import CODES, SEALED

SLICE = 20_000  # rows removed in one transaction, so that others write in between
CHUNK = 500  # values in one statement


def erase(connection: sqlite3.Connection, pseudonyms: Collection[bytes]) -> int:
    """Remove the rows under any of these pseudonyms; how many there were."""
    wanted = [pseudonym for pseudonym in pseudonyms if pseudonym]
    removed = 0
    used: dict[tuple[int, str], set[int]] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        of_visitors = with_pseudonyms(len(chunk))
        where = f"(period, visitor) IN (SELECT period, number FROM visitor WHERE {of_visitors})"  # noqa: S608
        columns = ", ".join(CODES)
        for period, *numbers in connection.execute(
            f"SELECT period, {columns} FROM event WHERE {where}",  # noqa: S608
            chunk,
        ):
            for name, number in zip(CODES, numbers, strict=True):
                used.setdefault((period, name), set()).add(number)
        removed += connection.execute(f"DELETE FROM event WHERE {where}", chunk).rowcount  # noqa: S608
        connection.execute(f"DELETE FROM visitor WHERE {of_visitors}", chunk)  # noqa: S608
    for (period, name), numbers in used.items():
        _purge_values(connection, period, name, sorted(numbers))
    if removed:
        purge_periods(connection)
    return removed


def drop_slice(connection: sqlite3.Connection, key: PeriodKey) -> bool:
    """Remove a slice of a period; whether it is gone now."""
    number = find_period(connection, key)
    if number is None:
        return True
    for table, first, last in (("event", "visitor", "id"), ("visitor", "pseudonym", "number")):
        key_of = f"{first}, {last}"
        bound = connection.execute(
            f"SELECT {key_of} FROM {table} WHERE period = ?"  # noqa: S608
            f" ORDER BY {key_of} LIMIT 1 OFFSET {SLICE}",
            (number,),
        ).fetchone()
        if bound is not None:
            # Said twice, so that the index is used for both sides.
            connection.execute(
                f"DELETE FROM {table} WHERE period = ?1 AND {first} <= ?2"  # noqa: S608
                f" AND ({key_of}) < (?2, ?3)",
                (number, *bound),
            )
            return False
        connection.execute(f"DELETE FROM {table} WHERE period = ?", (number,))  # noqa: S608
    connection.execute("DELETE FROM period WHERE id = ?", (number,))
    purge_periods(connection)
    return True


def with_pseudonyms(count: int) -> str:
    """A condition that finds `count` pseudonyms in every period by the key of `visitor`."""
    marks = ", ".join("?" * count)
    return f"visitor.period IN (SELECT id FROM period) AND visitor.pseudonym IN ({marks})"  # noqa: S608


def _purge_values(
    connection: sqlite3.Connection, period: int, name: str, numbers: list[int]
) -> None:
    for start in range(0, len(numbers), CHUNK):
        chunk = numbers[start : start + CHUNK]
        marks = ", ".join("?" * len(chunk))
        still = connection.execute(
            f"SELECT DISTINCT {name} FROM event WHERE period = ? AND {name} IN ({marks})",  # noqa: S608
            (period, *chunk),
        )
        in_use = {number for (number,) in still}
        connection.executemany(
            "DELETE FROM value WHERE period = ? AND id = ?",
            [(period, number) for number in chunk if number not in in_use],
        )
    next_generation(connection)


def purge_periods(connection: sqlite3.Connection) -> None:
    # One that is being closed stays, so that it takes no row meanwhile.
    connection.execute(
        "DELETE FROM period WHERE state <> ?"
        " AND NOT EXISTS (SELECT 1 FROM event WHERE event.period = period.id)",
        (SEALED,),
    )
    connection.execute("DELETE FROM value WHERE period NOT IN (SELECT id FROM period)")
    next_generation(connection)


def next_generation(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE generation SET number = number + 1")
