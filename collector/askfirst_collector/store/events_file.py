"""`events.db`: rows of one machine, in any number of workers.

The schema is documented in `schema.py`. Each process has one thread that writes, in groups;
SQLite's write lock orders the processes. What is moved here from spools is judged again *inside*
its transaction: an erasure commits to the ledger first, so that what is moved before it is removed
by it, and what comes later is dropped.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from askfirst.errors import AskfirstError
from askfirst_collector.config import SettingError
from askfirst_collector.store import close_period, removal

from .append import TYPE_NUMBERS, Appender, forget_moved, moved_upto, note_moved
from .dictionary import find_period, state_of
from .events import Closed, Counts, Gone, Limits, PeriodKey, Row, StoreUnavailable
from .faults import FAULTS, StoreFault, error_name
from .group import Full, Group
from .kept_answers import forget_answers
from .lots import parted
from .period_reader import (
    PSEUDONYMS,
    SqlitePeriod,
    parts_of_period,
    row_of,
    rows_of_period,
    rows_of_visitors,
)
from .periods import CalendarOf
from .present import Present
from .schema import KEPT, STEPS, open_events
from .spool_file import LOT_ROWS, Lot, rows_of
from .versions import check_version

log = logging.getLogger("askfirst.collector")

LATE = "askfirst.E113 %d events came too late to be counted in their period"
KEPT_AT_ONCE = 10_000  # rows that are put in the place of others
TOGETHER = 16_000  # rows that are moved in one transaction: a page that many change is written once

# Faults of what was asked, not of the store.
_JOB_FAULTS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)


@dataclass(frozen=True, slots=True)
class Work:
    """What is done inside a write transaction, and whether it takes anything out."""

    work: Callable[[sqlite3.Connection], object]
    removes: bool


class EventsFile:
    """The rows on one file, opened at first use; `busy_timeout` is in milliseconds.

    `closed` says of a period without rows whether it was closed for good. `fault` says what the
    last write failed of, "" when it went well. `is_first` is False once another file stands in the
    place of the one that was opened first: whoever knows what it must not fall behind has to look
    (see `restored`).
    """

    together = TOGETHER

    def __init__(
        self,
        path: Path,
        *,
        gone: Gone,
        closed: Closed,
        urandom: Callable[[int], bytes],
        busy_timeout: int,
        appender: Appender | None = None,
    ) -> None:
        self.fault = ""
        self.is_first = True
        self._path = path
        self._gone = gone
        self._urandom = urandom
        self._busy_timeout = busy_timeout
        self._group: Group[Work, object] = Group(self._round, done=self._disconnect)
        # What follows belongs to the writing thread alone.
        self._connection: sqlite3.Connection | None = None
        self._appender = appender or Appender(urandom, closed)
        self._present: Present | None = None
        self._truncate = False

    def move(self, spool: Path, lots: Sequence[Lot]) -> None:
        """Store the lots of a spool that are not here yet, all at once, and say up to which.

        `lots` are its oldest, in order. Whoever moves the same meanwhile, or later, does no harm.
        """
        parts = list(parted(lots, rows_of, LOT_ROWS))
        try:
            late = self._move(spool, lots)
        except StoreUnavailable:
            if len(parts) == 1:
                raise
            # A disk that is nearly full may have room for the journal of a few.
            late = sum(self._move(spool, part) for part in parts)
        if late:
            log.error(LATE, late)

    def _move(self, spool: Path, lots: Sequence[Lot]) -> int:
        def work(connection: sqlite3.Connection) -> int:
            # Where it was taken away, somebody else moved it, and nothing here says so any more.
            upto = moved_upto(connection, spool.stem) if spool.exists() else None
            fresh = [lot for lot in lots if upto is not None and lot.id > upto]
            parts = parted(fresh, rows_of, LOT_ROWS)
            late = sum(self._appender.append_lots(connection, part, self._gone) for part in parts)
            if fresh:
                note_moved(connection, spool.stem, fresh[-1].id)
            return late

        return int(self.write(work))

    def tidy(self) -> None:
        """Nothing: what is removed is removed in one transaction, or called for again."""

    def forget_spool(self, spool: Path) -> None:
        """Forget up to which lot it was moved: it is gone, from the disk as well."""
        self.write(lambda connection: forget_moved(connection, spool.stem))

    def moved(self) -> list[str]:
        """The names of the spools of which something was moved."""
        with self.read() as connection:
            return [name for (name,) in connection.execute("SELECT spool FROM moved")]

    def barrier(self) -> None:
        """Return when every write that began before, in any process, has ended."""
        self.write(lambda _: None)

    def erase(self, pseudonyms: Collection[bytes]) -> int:
        """Remove the rows under any of these, and every string that only they used."""
        return int(
            self.write(lambda connection: removal.erase(connection, pseudonyms), removes=True)
        )

    def drop(self, key: PeriodKey) -> None:
        """Remove a period, in slices between which others write; interrupted, call it again."""
        while not self.write(lambda connection: removal.drop_slice(connection, key), removes=True):
            pass

    def seal(self, key: PeriodKey) -> None:
        """Take no more rows into a period, from whichever process; sealing twice is harmless."""
        self.write(
            lambda connection: close_period.seal(connection, key, self._urandom), removes=True
        )

    def keep(self, key: PeriodKey, rows: Iterable[Row]) -> None:
        """Put these rows in the place of a sealed period's own, all at once, in this order."""

        def replace(connection: sqlite3.Connection) -> None:
            number = close_period.clear(connection, key)
            self._appender.dictionary.forget()
            remaining = iter(rows)
            while chunk := [(number, row) for row in islice(remaining, KEPT_AT_ONCE)]:
                self._appender.insert(connection, chunk)
            close_period.finish(connection, number)

        self.write(replace, removes=True)

    def kept(self, key: PeriodKey) -> bool:
        """Whether the rows of a period are those that `keep` wrote."""
        with self.read() as connection:
            return state_of(connection, key) == KEPT

    def expire_kept(
        self, now: float, allowed: close_period.Allowed, calendar_of: CalendarOf
    ) -> int:
        """Remove kept rows whose own days, or those allowed, after their period are over."""
        return int(
            self.write(
                lambda connection: close_period.expire(connection, now, allowed, calendar_of),
                removes=True,
            )
        )

    def forget_answers(self, before: int) -> None:
        """Remove the answers kept for retries on days before this one."""
        while self.write(lambda connection: forget_answers(connection, before), removes=True):
            pass

    def periods(self) -> list[PeriodKey]:
        """The periods that have rows."""
        with self.read() as connection:
            rows = connection.execute("SELECT site, collector, purpose, closes, period FROM period")
            return [PeriodKey(*row) for row in rows]

    def rows(self, key: PeriodKey) -> Iterator[Row]:
        """The rows of a period, in no meaningful order."""
        with self.read() as connection:
            number = find_period(connection, key)
            yield from map(row_of, connection.execute(rows_of_period(), (number,)))

    def parts(self, key: PeriodKey, most: int) -> Iterator[list[Row]]:
        """The rows of a period, in parts of about `most` (see `EventStore`)."""
        with self.read() as connection:
            connection.execute("BEGIN")
            yield from parts_of_period(connection, key, most)

    def rows_on(self, site: str, day: str) -> int:
        """How many rows of a site lie in periods that are this day (ISO 8601)."""
        with self.read() as connection:
            row = connection.execute(
                "SELECT COUNT(*) FROM period AS p JOIN event AS e ON e.period = p.id"
                " WHERE p.site = ? AND p.closes = 'day' AND p.period = ?",
                (site, day),
            ).fetchone()
        return int(row[0])

    def of_pseudonyms(self, pseudonyms: Collection[bytes]) -> list[Row]:
        """The rows under any of these pseudonyms."""
        wanted = [pseudonym for pseudonym in pseudonyms if pseudonym]
        rows: list[Row] = []
        with self.read() as connection:
            for start in range(0, len(wanted), PSEUDONYMS):
                chunk = wanted[start : start + PSEUDONYMS]
                rows += map(row_of, connection.execute(rows_of_visitors(len(chunk)), chunk))
        return rows

    def counts(self, key: PeriodKey) -> Counts:
        """Distinct pseudonyms, page views and rows of a period."""
        with self.read() as connection:
            row = connection.execute(
                "SELECT COUNT(DISTINCT NULLIF(visitor, 0)), COALESCE(SUM(type = ?), 0), COUNT(*)"
                " FROM event WHERE period = ? AND type <> ?",
                (
                    TYPE_NUMBERS["page_view"],
                    find_period(connection, key),
                    TYPE_NUMBERS["drop"],
                ),
            ).fetchone()
        return Counts(*row)

    @contextmanager
    def reading(self, key: PeriodKey, without: Collection[bytes] = ()) -> Iterator[SqlitePeriod]:
        """One view of a period, whatever is written meanwhile; rows of these are not in it."""
        with self.read() as connection:
            connection.execute("BEGIN")
            yield SqlitePeriod(connection, key, without)

    def limits(self, key: PeriodKey) -> Limits | None:
        """The limits of a period's rows; None where it has none."""
        with self.reading(key) as period:
            return period.limits()

    def pseudonyms(self) -> set[bytes]:
        """Every pseudonym that has a row."""
        with self.read() as connection:
            rows = connection.execute("SELECT pseudonym FROM visitor")
            return {pseudonym for (pseudonym,) in rows}

    def owner(self) -> str:
        """The id of this file, by which another store knows whose it is."""
        with self.read() as connection:
            return str(connection.execute("SELECT id FROM store").fetchone()[0])

    def generation(self) -> int:
        """How often anything was taken out: it never goes back by itself."""
        with self.read() as connection:
            number: int = connection.execute("SELECT number FROM generation").fetchone()[0]
        return number

    def check(self) -> None:
        """StoreUnavailable where a row cannot be written now, as far as can be told without one."""
        if self.fault:
            self.barrier()
        self.generation()

    def close(self) -> None:
        """Write what waits, and stop."""
        self._group.close()

    def write(self, work: Callable[[sqlite3.Connection], object], *, removes: bool = False) -> Any:
        """What `work` gives, once its transaction is on disk. Raises StoreUnavailable.

        `removes` says whether it may take anything out.
        """
        try:
            return self._group.ask_now(Work(work, removes))
        except Full as full:
            raise StoreUnavailable(str(full)) from None

    def connect(self) -> sqlite3.Connection:
        """A connection that only reads; the caller closes it. Raises StoreUnavailable."""
        try:
            present = self._present
            if present is not None:
                # SQLite would read the journal that stands there now by the index of the old one.
                present.check()
            connection = open_events(self._path, busy_timeout=self._busy_timeout)
            connection.execute("PRAGMA query_only=ON")
        except (sqlite3.Error, OSError, AskfirstError) as error:
            raise StoreUnavailable(f"the event store cannot be read: {error}") from error
        return connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that only reads. Raises StoreUnavailable."""
        with closing(self.connect()) as connection:
            try:
                yield connection
            except sqlite3.Error as fault:
                raise StoreUnavailable(f"the event store cannot be read: {fault}") from fault

    # From here on: the writing thread.

    def _round(self, jobs: Sequence[Work]) -> Sequence[object]:
        try:
            outcomes = self._transaction(jobs)
        except Exception as error:
            if _is_store_fault(error):
                self._disconnect()
                self.fault = f"{type(error).__name__}: {error}"
                FAULTS.failed("events", f"askfirst.E110 events is away: {error_name(error)}")
                return [StoreUnavailable(f"the event store cannot be written: {error}")] * len(jobs)
            if len(jobs) == 1:
                return [error]
            # One job is at fault: each by itself, so that it fails alone.
            return [outcome for job in jobs for outcome in self._round([job])]
        self.fault = ""
        FAULTS.went_well("events")
        if self._truncate:
            self._truncate_wal()
        return outcomes

    def _transaction(self, jobs: Sequence[Work]) -> Sequence[object]:
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        try:
            check_version(connection, STEPS, "events")
            self._appender.dictionary.refresh(connection)
            outcomes = [self._outcome(connection, job) for job in jobs]
            connection.execute("COMMIT")
        except BaseException:
            self._appender.forget()
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        # SQLite goes on writing to a file that was unlinked: nothing there may be acknowledged.
        assert self._present is not None
        self._present.check()
        return outcomes

    def _outcome(self, connection: sqlite3.Connection, job: Work) -> object:
        before = connection.total_changes
        answer = job.work(connection)
        if job.removes and connection.total_changes != before:
            self._appender.dictionary.forget()
            self._truncate = True
        return answer

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None or self._present is None:
            connection = open_events(self._path, busy_timeout=self._busy_timeout)
            try:
                self._present = Present(self._path, connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        else:
            self._present.check()
        return self._connection

    def _disconnect(self) -> None:
        self._appender.forget()
        if self._connection is not None and self._present is not None:
            if self._present.is_replaced:
                self.is_first = False
            with suppress(sqlite3.Error):
                self._present.end(self._connection, self._connection.close)
        self._connection = self._present = None

    def _truncate_wal(self) -> None:
        """What was removed is still in the journal; a reader may keep it there for some rounds."""
        assert self._connection is not None
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA busy_timeout=0")
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self._truncate = bool(busy)
        self._connection.execute(f"PRAGMA busy_timeout={self._busy_timeout}")


def _is_store_fault(error: Exception) -> bool:
    if isinstance(error, StoreFault):
        return error.part == "events"
    return isinstance(error, (sqlite3.Error, OSError, SettingError)) and not isinstance(
        error, _JOB_FAULTS
    )
