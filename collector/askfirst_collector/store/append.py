"""Writing batches into `events.db`: few statements for many batches.

Every statement gives up and takes back the interpreter's lock, which costs more than the statement
where other threads are busy; so a round of any size is a handful of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat

from askfirst_collector.store.dictionary import Dictionary, time_number
from askfirst_collector.store.events import TYPES, Batch, Closed, PeriodClosed, PeriodKey, Row
from askfirst_collector.store.schema import DIMENSIONS

ID_BYTES = 8  # of a row's random id, of which 63 bits are used
MOST = 256  # rows or keys in one statement

TYPE_NUMBERS = {name: number for number, name in enumerate(TYPES)}
EVENT_COLUMNS = 10 + len(DIMENSIONS)
_ANSWER_COLUMNS = 3

Numbers = tuple[object, ...]
Name = tuple[int, bytes]  # of a batch: a day, and the key it has on that day


class Appender:
    """Turns batches into rows; belongs to the one thread that writes."""

    def __init__(self, urandom: Callable[[int], bytes], closed: Closed) -> None:
        self.dictionary = Dictionary(urandom, closed)
        self._urandom = urandom

    def append(
        self, connection: sqlite3.Connection, batches: Sequence[Batch]
    ) -> list[bytes | PeriodClosed]:
        """The answer of each batch: the kept one where it was seen, else its own, now written.

        A new one of which a row comes too late is not written, not even in part.
        """
        names = [_names(batch) for batch in batches]
        known = _answers(connection, names)
        answers: list[bytes | PeriodClosed] = []
        rows: list[Numbers] = []
        fresh: list[Numbers] = []
        for batch, own in zip(batches, names, strict=True):
            # Two of the same may be in one round.
            answer = next(filter(None, map(known.get, own)), None) if known else None
            if answer is None and (closed := self._closed(connection, batch.rows)):
                answers.append(PeriodClosed(closed))
                continue
            if answer is None:
                answer = known[batch.day, batch.key] = batch.answer
                fresh.append((batch.day, batch.key, batch.answer))
                rows += self._rows(connection, batch.rows)
            answers.append(answer)
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
            int(row.is_sized),
        )

    def forget(self) -> None:
        """Remember nothing: the connection is another one now."""
        self.dictionary.forget()

    def _closed(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> list[PeriodKey]:
        keys = {row.key for row in rows}
        return [key for key in keys if self.dictionary.period(connection, key) is None]

    def _rows(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> Iterator[Numbers]:
        for row in rows:
            period = self.dictionary.period(connection, row.key)
            assert period is not None
            yield self.numbers(connection, period, row)


def forget_answers(connection: sqlite3.Connection, before: int) -> None:
    """Remove the answers kept for retries on days before this one."""
    connection.execute("DELETE FROM answer WHERE day < ?", (before,))


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


def _names(batch: Batch) -> list[Name]:
    """The day and key under which a batch may have been seen, the likeliest first."""
    return [(batch.day - back, key) for back, key in enumerate((batch.key, *batch.earlier))]


def _answers(connection: sqlite3.Connection, names: Sequence[Sequence[Name]]) -> dict[Name, bytes]:
    wanted = list(chain.from_iterable(names))
    answers: dict[Name, bytes] = {}
    for start in range(0, len(wanted), MOST):
        chunk = wanted[start : start + MOST]
        size = _size(len(chunk))
        marks = ", ".join(["(?, ?)"] * size)
        # CROSS: the few that are wanted are each looked up, not all of the table.
        select = (
            f"WITH wanted (day, key) AS (VALUES {marks})"  # noqa: S608
            " SELECT day, key, answer FROM wanted CROSS JOIN answer USING (day, key)"
        )
        filled = chain(chunk, repeat(chunk[0], size - len(chunk)))
        for day, key, answer in connection.execute(select, [*chain.from_iterable(filled)]):
            answers[day, key] = answer
    return answers
