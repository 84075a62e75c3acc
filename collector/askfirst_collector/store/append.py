"""Writing lots into `events.db`: few statements for many batches."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Raw

from askfirst.terms.attributes import Value
from askfirst_collector.store.dictionary import Dictionary, time_number
from askfirst_collector.store.events import TYPES, Closed, Gone, Row
from askfirst_collector.store.kept_answers import KeptAnswers
from askfirst_collector.store.lots import (
    AnyBatch,
    Name,
    WrittenRow,
    names_of,
    read_value,
    shuffled,
)
from askfirst_collector.store.places import draw_places
from askfirst_collector.store.schema import DIMENSIONS
from askfirst_collector.store.statements import Numbers, found, insert

if TYPE_CHECKING:
    from askfirst_collector.store.spool_file import Lot

_PLACES = {name: place for place, name in enumerate(DIMENSIONS)}
TYPE_NUMBERS = {name: number for number, name in enumerate(TYPES)}
EVENT_COLUMNS = 8 + len(DIMENSIONS)
_VISITOR_COLUMNS = 3


class Appender:
    """Turns batches into rows; belongs to the one thread that writes."""

    def __init__(self, urandom: Callable[[int], bytes], closed: Closed) -> None:
        self.dictionary = Dictionary(urandom, closed)
        self._urandom = urandom
        self._answers: KeptAnswers | None = None

    def append(self, connection: sqlite3.Connection, batches: Sequence[AnyBatch]) -> int:
        """Store a lot in no order, without what is stored already; how many rows came too late.

        A batch may have come twice: to two processes at once, or again while it was moved.
        """
        names = [names_of(batch) for batch in batches]
        known = self.known(connection, names)
        rows: list[Row | WrittenRow] = []
        fresh: list[AnyBatch] = []
        for batch, own in zip(batches, names, strict=True):
            if not known.keys().isdisjoint(own):
                continue
            known[batch.day, batch.key] = batch.answer
            fresh.append(batch)
            rows += batch.rows
        period = self.dictionary.period
        numbered = [(period(connection, row.key), row) for row in shuffled(rows, self._urandom)]
        in_time = [(number, row) for number, row in numbered if number is not None]
        self.insert(connection, in_time)
        if fresh:
            fresh.sort(key=lambda batch: batch.key)
            self.note(connection, fresh)
        return len(rows) - len(in_time)

    def append_lots(self, connection: sqlite3.Connection, lots: Sequence[Lot], gone: Gone) -> int:
        """`append`, of what is left of lots that wait in a spool."""
        batches = [batch for lot in lots for batch in lot.written]
        ended = gone({batch.judged for batch in batches})
        return self.append(connection, [batch for batch in batches if batch.judged not in ended])

    def known(
        self, connection: sqlite3.Connection, names: Sequence[Sequence[Name]]
    ) -> dict[Name, bytes]:
        """The answers that are kept under any of these names."""
        return self._kept(connection).among(names)

    def note(self, connection: sqlite3.Connection, fresh: Sequence[AnyBatch]) -> None:
        """Keep the answers of these batches, in the order of their keys."""
        self._kept(connection).add(fresh)

    def _kept(self, connection: sqlite3.Connection) -> KeptAnswers:
        if self._answers is None:
            self._answers = KeptAnswers(connection)
        self._answers.refresh()
        return self._answers

    def insert(
        self, connection: sqlite3.Connection, rows: Sequence[tuple[int, Row | WrittenRow]]
    ) -> None:
        """Store rows, each with the number of its period, at places in this order."""
        numbers = visitors_of(
            connection,
            list({(period, row.pseudonym) for period, row in rows if row.pseudonym}),
        )
        visitors: list[Numbers] = []
        events: list[Numbers] = []
        for place, (period, row) in zip(
            draw_places(connection, len(rows), self._urandom), rows, strict=True
        ):
            visitor = 0
            if row.pseudonym:
                visitor = numbers.setdefault((period, row.pseudonym), place)
                if visitor == place:
                    visitors.append((period, row.pseudonym, place))
            events.append((place, period, visitor, *self._numbers(connection, period, row)))
        insert(connection, "visitor", _VISITOR_COLUMNS, visitors)
        insert(connection, "event", EVENT_COLUMNS, events)

    def _numbers(
        self, connection: sqlite3.Connection, period: int, row: Row | WrittenRow
    ) -> Numbers:
        codes = [0] * len(DIMENSIONS)
        known = self.dictionary.known(period)
        time: Value = ()
        for name, value in row.values.items():
            if name == "time":
                time = _read(value)
                continue
            place = _PLACES.get(name)
            if place is not None:
                # Nearly all are remembered: nothing is asked for those.
                key = bytes(value) if isinstance(value, Raw) else value
                codes[place] = known[name].get(key) or self.dictionary.value(
                    connection, period, name, value
                )
        limits = _limits(row.min_cell_size, row.retention_days, row.keep_rows_days)
        return (
            TYPE_NUMBERS[row.type],
            self.dictionary.value(connection, period, "limits", limits),
            time_number(time),
            len(time),
            *codes,
            int(row.is_sized),
        )

    def forget(self) -> None:
        """Remember nothing: the connection is another one, or what was done with it was undone."""
        self.dictionary.forget()
        self._answers = None


def _read(value: Value | Raw) -> Value:
    return _time(bytes(value)) if isinstance(value, Raw) else value


@lru_cache(maxsize=256)  # seconds at most, as they come
def _time(written: bytes) -> Value:
    return read_value(Raw(written))


@lru_cache(maxsize=256)  # of policies
def _limits(size: int, days: int, keep: int) -> Value:
    return str(size), str(days), str(keep)


def moved_upto(connection: sqlite3.Connection, spool: str) -> int:
    """Up to which lot a spool was moved; 0 where nothing was."""
    row = connection.execute("SELECT upto FROM moved WHERE spool = ?", (spool,)).fetchone()
    return int(row[0]) if row else 0


def note_moved(connection: sqlite3.Connection, spool: str, upto: int) -> None:
    """Note up to which lot a spool was moved, in the transaction that stores it."""
    statement = (
        "INSERT INTO moved (spool, upto) VALUES (?, ?)"
        " ON CONFLICT (spool) DO UPDATE SET upto = excluded.upto"
    )
    connection.execute(statement, (spool, upto))


def begin_moving(
    connection: sqlite3.Connection, spool: Path, lots: Sequence[Lot]
) -> tuple[int, int, bool] | None:
    """Note which of the oldest lots of a spool are put elsewhere together; None for none.

    After which, up to which, and whether somebody began to: these and no other then.
    """
    line = connection.execute(
        "SELECT upto, sending FROM moved WHERE spool = ?", (spool.stem,)
    ).fetchone()
    after, sending = line or (0, 0)
    # Where it was taken away, somebody else moved it, and nothing here says so any more.
    if not spool.exists() or lots[-1].id <= after:
        return None
    if sending > after:
        return after, sending, True
    connection.execute(
        "INSERT INTO moved (spool, sending, upto) VALUES (?, ?, 0)"
        " ON CONFLICT (spool) DO UPDATE SET sending = excluded.sending",
        (spool.stem, lots[-1].id),
    )
    return after, lots[-1].id, False


def forget_moved(connection: sqlite3.Connection, spool: str) -> None:
    """Forget a spool that is gone."""
    connection.execute("DELETE FROM moved WHERE spool = ?", (spool,))


def visitors_of(
    connection: sqlite3.Connection, names: Sequence[tuple[int, bytes]]
) -> dict[tuple[int, bytes], int]:
    """The numbers of those of these pseudonyms, each in its period, that have one."""
    return found(connection, "visitor", ("period", "pseudonym", "number"), names)
