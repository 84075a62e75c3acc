"""Closing a period of `events.db`: sealing it, and putting the rows that are kept in its place."""

from __future__ import annotations

import sqlite3

from .dictionary import find_period
from .events import PeriodKey
from .removal import next_generation, purge_periods
from .salts import period_end
from .schema import KEPT, SEALED

DAY = 86_400  # seconds


def seal(connection: sqlite3.Connection, key: PeriodKey) -> None:
    """Take no more rows into a period."""
    number = find_period(connection, key)
    if number is not None:
        connection.execute(
            "UPDATE period SET state = ? WHERE id = ? AND state < ?", (SEALED, number, SEALED)
        )
        # Every process remembers which periods are open until this number moves.
        next_generation(connection)


def clear(connection: sqlite3.Connection, key: PeriodKey) -> int:
    """Remove the rows and strings of a period that stays; its number."""
    number = find_period(connection, key)
    assert number is not None
    connection.execute("DELETE FROM event WHERE period = ?", (number,))
    connection.execute("DELETE FROM value WHERE period = ?", (number,))
    return number


def finish(connection: sqlite3.Connection, number: int) -> None:
    """Say that the rows of a period are those that are kept."""
    connection.execute("UPDATE period SET state = ? WHERE id = ?", (KEPT, number))
    purge_periods(connection)


def expire(connection: sqlite3.Connection, now: float) -> int:
    """Remove kept rows whose days are over; the strings of a period go with its last row."""
    kept = connection.execute(
        "SELECT id, closes, period FROM period WHERE state = ?", (KEPT,)
    ).fetchall()
    removed = 0
    for number, closes, period in kept:
        days = (int(now) - period_end(closes, period)) // DAY
        removed += connection.execute(
            "DELETE FROM event WHERE period = ? AND keep_rows_days <= ?", (number, days)
        ).rowcount
    if removed:
        purge_periods(connection)
    return removed
