"""What is to go from another place than `events.db`, noted here until it is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from .events import PeriodKey


@dataclass(frozen=True, slots=True)
class Leaving:
    """Rows of a period: its own, or (`is_kept`) those in their place."""

    key: PeriodKey
    is_kept: bool

    @property
    def part(self) -> tuple[str, str, int]:
        """What lies together: all that closes and begins at once."""
        return self.key.closes, self.key.period, int(self.is_kept)


def leaving(connection: sqlite3.Connection) -> list[Leaving]:
    """All that is to go."""
    lines = connection.execute("SELECT site, collector, purpose, closes, period, kept FROM leaving")
    return [Leaving(PeriodKey(*line[:-1]), bool(line[-1])) for line in lines]


def add_leaving(connection: sqlite3.Connection, one: Leaving) -> None:
    """Note that these rows are to go; twice is harmless."""
    statement = "INSERT INTO leaving VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
    connection.execute(statement, _fields(one))


def forget_leaving(connection: sqlite3.Connection, gone: Iterable[Leaving]) -> None:
    """Note that they are gone."""
    connection.executemany(
        "DELETE FROM leaving WHERE site = ? AND collector = ? AND purpose = ? AND closes = ?"
        " AND period = ? AND kept = ?",
        map(_fields, gone),
    )


def _fields(one: Leaving) -> tuple[str | int, ...]:
    key = one.key
    return key.site, key.collector, key.purpose, key.closes, key.period, int(one.is_kept)
