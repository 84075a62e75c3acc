"""Writing batches into `events.db`: few statements for many batches.

Every statement gives up and takes back the interpreter's lock, which costs more than the statement
where other threads are busy; so a round of any size is a handful of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from .dictionary import Dictionary, time_number
from .events import ANSWER_DAYS, Batch, Row
from .schema import DIMENSIONS, TYPES

ID_BYTES = 8  # of a row's random id, of which 63 bits are used
# Rows in one statement; few sizes, so that each statement is prepared once.
SIZES = (256, 64, 16, 4, 1)

TYPE_NUMBERS = {name: number for number, name in enumerate(TYPES)}
EVENT_COLUMNS = 9 + len(DIMENSIONS)
_ANSWER_COLUMNS = 3

Numbers = tuple[object, ...]


class Appender:
    """Turns batches into rows; belongs to the one thread that writes."""

    def __init__(self, urandom: Callable[[int], bytes]) -> None:
        self.dictionary = Dictionary(urandom)
        self._urandom = urandom
        self._day = -1

    def append(self, connection: sqlite3.Connection, batches: Sequence[Batch]) -> list[bytes]:
        """The answer of each batch: the kept one where it was seen, else its own, now written."""
        self._forget_answers(connection, max(batch.day for batch in batches))
        seen = _answers(connection, batches)
        answers: list[bytes] = []
        rows: list[Numbers] = []
        fresh: list[Numbers] = []
        for batch in batches:
            found = next((seen[name] for name in _names(batch) if name in seen), None)
            if found is None:
                found = seen[batch.day, batch.key] = batch.answer
                fresh.append((batch.day, batch.key, batch.answer))
                rows += self._open_rows(connection, batch.rows)
            answers.append(found)
        insert(connection, "event", EVENT_COLUMNS, rows)
        insert(connection, "answer", _ANSWER_COLUMNS, fresh)
        return answers

    def numbers(self, connection: sqlite3.Connection, period: int, row: Row) -> Numbers:
        """A row as `event` holds it."""
        values = row.values
        time = values.get("time", ())
        value = self.dictionary.value
        return (
            period,
            row.pseudonym or b"",
            int.from_bytes(self._urandom(ID_BYTES), "big") >> 1,
            TYPE_NUMBERS[row.type],
            row.min_cell_size,
            row.retention_days,
            row.keep_rows_days,
            time_number(time),
            len(time),
            *[
                value(connection, period, name, values[name]) if name in values else 0
                for name in DIMENSIONS
            ],
        )

    def forget(self) -> None:
        """Remember nothing: the connection is another one now."""
        self.dictionary.forget()
        self._day = -1

    def _open_rows(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> Iterator[Numbers]:
        for row in rows:
            period = self.dictionary.period(connection, row.key)
            # Sealed: it is being closed, or is closed. What comes too late is not counted.
            if period is not None:
                yield self.numbers(connection, period, row)

    def _forget_answers(self, connection: sqlite3.Connection, day: int) -> None:
        if day > self._day:
            forget_answers(connection, day - ANSWER_DAYS)
            self._day = day


def forget_answers(connection: sqlite3.Connection, before: int) -> None:
    """Remove the answers kept for retries on days before this one."""
    connection.execute("DELETE FROM answer WHERE day < ?", (before,))


def insert(
    connection: sqlite3.Connection, table: str, columns: int, rows: Sequence[Numbers]
) -> None:
    """Insert rows of a table of ours, many by one statement."""
    row = f"({', '.join('?' * columns)})"
    start = 0
    for size in SIZES:
        statement = f"INSERT INTO {table} VALUES {', '.join([row] * size)}"  # noqa: S608
        while len(rows) - start >= size:
            chunk = rows[start : start + size]
            connection.execute(statement, [number for each in chunk for number in each])
            start += size


def _names(batch: Batch) -> Iterator[tuple[int, bytes]]:
    """The day and key under which a batch may have been seen, the likeliest first."""
    for back, key in enumerate((batch.key, *batch.earlier)):
        yield batch.day - back, key


def _answers(
    connection: sqlite3.Connection, batches: Sequence[Batch]
) -> dict[tuple[int, bytes], bytes]:
    by_day: dict[int, list[bytes]] = {}
    for batch in batches:
        for day, key in _names(batch):
            by_day.setdefault(day, []).append(key)
    found: dict[tuple[int, bytes], bytes] = {}
    for day, keys in by_day.items():
        for start in range(0, len(keys), SIZES[0]):
            chunk = keys[start : start + SIZES[0]]
            size = min(size for size in SIZES if size >= len(chunk))
            padded = [*chunk, *[chunk[0]] * (size - len(chunk))]
            marks = ", ".join("?" * size)
            select = f"SELECT key, answer FROM answer WHERE day = ? AND key IN ({marks})"  # noqa: S608
            for key, answer in connection.execute(select, (day, *padded)):
                found[day, key] = answer
    return found
