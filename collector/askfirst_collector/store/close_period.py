"""Closing a period of `events.db`: sealing it, and putting the rows that are kept in its place."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping

from askfirst_collector.store.dictionary import add_period, find_period
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.periods import DAY, CalendarOf
from askfirst_collector.store.removal import next_generation, purge_periods
from askfirst_collector.store.schema import KEPT, SEALED

Subject = tuple[str, str, str]  # site, collector, purpose
Allowed = Mapping[Subject, int]  # days that the host policy gives a subject's rows now
_OVER = (
    "period = ?1 AND (?3 OR limits IN (SELECT id FROM value WHERE period = ?1"
    " AND attribute = 'limits' AND CAST(part_3 AS INTEGER) <= ?2))"
)


def seal(connection: sqlite3.Connection, key: PeriodKey, urandom: Callable[[int], bytes]) -> None:
    """Take no more rows into a period; one that has none is written down, so that none comes."""
    number = find_period(connection, key)
    if number is None:
        add_period(connection, key, SEALED, urandom)
    else:
        connection.execute(
            "UPDATE period SET state = ? WHERE id = ? AND state < ?", (SEALED, number, SEALED)
        )
    # Every process remembers which periods are open until this number moves.
    next_generation(connection)


def clear(connection: sqlite3.Connection, key: PeriodKey) -> int:
    """Remove the rows and strings of a period that stays; its number."""
    number = find_period(connection, key)
    assert number is not None
    for table in ("event", "visitor", "value"):
        connection.execute(f"DELETE FROM {table} WHERE period = ?", (number,))  # noqa: S608
    return number


def finish(connection: sqlite3.Connection, number: int) -> None:
    """Say that the rows of a period are those that are kept."""
    connection.execute("UPDATE period SET state = ? WHERE id = ?", (KEPT, number))
    purge_periods(connection)


def note_kept(connection: sqlite3.Connection, key: PeriodKey) -> None:
    """Say that the rows of a sealed period, which are elsewhere, are those that are kept."""
    connection.execute(
        "UPDATE period SET state = ? WHERE id = ?", (KEPT, find_period(connection, key))
    )
    next_generation(connection)


def expire(
    connection: sqlite3.Connection, now: float, allowed: Allowed, calendar_of: CalendarOf
) -> int:
    """Remove kept rows whose days are over; the strings of a period go with its last row."""
    removed = 0
    for number, _, over in _kept(connection, now, allowed, calendar_of):
        removed += connection.execute(
            f"DELETE FROM event WHERE {_OVER}",  # noqa: S608
            (number, *over),
        ).rowcount
    if removed:
        connection.execute(
            "DELETE FROM visitor WHERE NOT EXISTS (SELECT 1 FROM event"
            " WHERE event.period = visitor.period AND event.visitor = visitor.number)"
        )
        purge_periods(connection)
    return removed


def kept_periods(
    connection: sqlite3.Connection, now: float, allowed: Allowed, calendar_of: CalendarOf
) -> list[tuple[PeriodKey, int, bool]]:
    """The periods of kept rows, each with its age in days, and whether no row may be as old."""
    return [(key, *over) for _, key, over in _kept(connection, now, allowed, calendar_of)]


def _kept(
    connection: sqlite3.Connection, now: float, allowed: Allowed, calendar_of: CalendarOf
) -> Iterator[tuple[int, PeriodKey, tuple[int, bool]]]:
    """Each period of kept rows: its number, it, its age, whether that is too old for any row."""
    rows = connection.execute(
        "SELECT id, closes, period, site, collector, purpose FROM period WHERE state = ?", (KEPT,)
    ).fetchall()
    for number, closes, period, *names in rows:
        subject = (names[0], names[1], names[2])
        days = (int(now) - calendar_of(subject[0]).end_of(closes, period)) // DAY
        limit = allowed.get(subject)
        key = PeriodKey(*subject, closes, period)
        yield number, key, (days, limit is not None and limit <= days)
