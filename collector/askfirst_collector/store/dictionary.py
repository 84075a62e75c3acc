"""The dictionary of `events.db`: text to numbers, remembered by the one thread that writes."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Raw

from askfirst.terms.attributes import Value

from .events import Closed, PeriodKey
from .lots import read_value
from .schema import KEPT, OPEN, PARTS

REMEMBERED = 100_000  # entries; more, and all are looked up anew

_NAMES = ", ".join(f"part_{n + 1}" for n in range(PARTS))
_FIND = (
    "SELECT id FROM value WHERE period = ? AND attribute = ? AND level = ?"  # noqa: S608
    + "".join(f" AND part_{n + 1} = ?" for n in range(PARTS))
)
_OF_KEY = "period WHERE site = ? AND collector = ? AND purpose = ? AND closes = ? AND period = ?"
_NUMBER, _STATE = f"SELECT id FROM {_OF_KEY}", f"SELECT state FROM {_OF_KEY}"  # noqa: S608
_ADD = (
    f"INSERT OR IGNORE INTO value (attribute, level, {_NAMES}, period, id)"  # noqa: S608
    f" VALUES (?, ?, {'?, ' * PARTS}?, ?)"
)


Known = defaultdict[str, dict[Value | bytes, int]]


class Dictionary:
    """Numbers for periods and values, made where there are none.

    Numbers are drawn, not counted: counted ones would tell in which order values were first seen.
    """

    def __init__(self, urandom: Callable[[int], bytes], closed: Closed) -> None:
        self._urandom = urandom
        self._closed = closed
        self._periods: dict[PeriodKey, int] = {}
        # By period and attribute: a value, or as a spool has it, and its number.
        self._values: dict[int, Known] = {}
        self._count = 0  # of them, since they were forgotten
        self._version = -1
        self._generation = -1

    def refresh(self, connection: sqlite3.Connection) -> None:
        """At the start of a transaction: forget everything if another process removed entries."""
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        generation = connection.execute("SELECT number FROM generation").fetchone()[0]
        if generation != self._generation or self._count > REMEMBERED:
            self.forget()
        self._version, self._generation = version, generation

    def forget(self) -> None:
        """Remember nothing: entries were removed, or their transaction was undone."""
        self._periods.clear()
        self._values.clear()
        self._count = 0
        self._version = -1

    def period(self, connection: sqlite3.Connection, key: PeriodKey) -> int | None:
        """The number of a period; None for one that is closed.

        One that is sealed takes what was accepted before.
        """
        number = self._periods.get(key)
        if number is None:
            number = find_period(connection, key)
            if number is None:
                # Sealed before the ledger closes it, so that asking now is not too early.
                if self._closed(key):
                    return None
                number = add_period(connection, key, OPEN, self._urandom)
            elif state_of(connection, key) == KEPT:
                return None
            self._periods[key] = number
        return number

    def known(self, period: int) -> Known:
        """The numbers of a period's values that are remembered, for whoever looks up many."""
        if self._count > REMEMBERED:
            self._values.clear()
            self._count = 0
        return self._values.setdefault(period, defaultdict(dict))

    def value(
        self, connection: sqlite3.Connection, period: int, attribute: str, value: Value | Raw
    ) -> int:
        """The number of a value in a period; 0 for none."""
        if not value:
            return 0
        known = self.known(period)[attribute]
        key = bytes(value) if isinstance(value, Raw) else value
        number = known.get(key)
        if number is None:
            if isinstance(value, Raw):
                number = self.value(connection, period, attribute, read_value(value))
            else:
                padding = ("",) * (PARTS - len(value))
                padded: tuple[str | int, ...] = (attribute, len(value), *value, *padding)
                row = connection.execute(_FIND, (period, *padded)).fetchone()
                number = row[0] if row else self._add_value(connection, period, padded)
            known[key] = number
            self._count += 1
        return number

    def _add_value(
        self, connection: sqlite3.Connection, period: int, padded: tuple[str | int, ...]
    ) -> int:
        tries = 0
        while True:
            # Two bytes keep rows small; a dictionary that fills them goes on with three, with six.
            number = _draw(self._urandom, 2 if tries < 4 else 3 if tries < 8 else 6)
            if connection.execute(_ADD, (*padded, period, number)).rowcount == 1:
                return number
            tries += 1


def add_period(
    connection: sqlite3.Connection, key: PeriodKey, state: int, urandom: Callable[[int], bytes]
) -> int:
    """Write down a period that is not there yet; its number."""
    tries = 0
    while True:
        number = _draw(urandom, 3 if tries < 8 else 6)
        added = connection.execute(
            "INSERT INTO period VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (number, key.site, key.collector, key.purpose, key.closes, key.period, state),
        )
        if added.rowcount == 1:
            return number
        tries += 1


def _draw(urandom: Callable[[int], bytes], size: int) -> int:
    # With a sign, as SQLite counts bytes; 0 stands for none.
    return int.from_bytes(urandom(size), "big", signed=True) or 1


def find_period(connection: sqlite3.Connection, key: PeriodKey) -> int | None:
    """The number of a period, None where it has no rows."""
    row = connection.execute(_NUMBER, _names(key)).fetchone()
    return None if row is None else int(row[0])


def _names(key: PeriodKey) -> tuple[str, ...]:
    return (key.site, key.collector, key.purpose, key.closes, key.period)


def state_of(connection: sqlite3.Connection, key: PeriodKey) -> int | None:
    """OPEN, SEALED or KEPT; None where it has no rows.

    By one statement: between two another process may have removed it.
    """
    row = connection.execute(_STATE, _names(key)).fetchone()
    return None if row is None else int(row[0])


@lru_cache(maxsize=256)
def time_number(value: Value) -> int | None:
    """Unix seconds of the start of the day, hour, minute or second; None for none."""
    if not value:
        return None
    day = datetime.fromisoformat(value[0]).replace(tzinfo=UTC)
    finer = sum(int(part) * size for part, size in zip(value[1:], (3600, 60, 1), strict=False))
    return int(day.timestamp()) + finer


def time_value(number: int | None, level: int) -> Value:
    """The inverse of `time_number`."""
    if number is None:
        return ()
    moment = datetime.fromtimestamp(number, UTC)
    return tuple(moment.strftime("%Y-%m-%d %H %M %S").split()[:level])
