"""What both event stores share: accepted into a spool, and moved in lots to where rows are kept.

Each process has a spool of its own, so that processes do not wait for each other. Whoever looks at
the store, or takes something out, has the spools moved first (`drain`); between, the holder of the
lease moves many thousand rows, or what a minute brought (`move`). A lot is stored under its number,
and only then removed from its spool: cut off anywhere, it is there once.
"""

from __future__ import annotations

import logging
import math
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

from askfirst.errors import AskfirstError
from askfirst.spool import files
from askfirst_collector.config import SettingError

from .events import (
    Batch,
    Closed,
    Counts,
    Ended,
    Limits,
    PeriodKey,
    PeriodReader,
    Row,
    StoreUnavailable,
)
from .faults import StoreFault, error_name
from .lots import BadLot
from .machines import Machines
from .periods import CalendarOf
from .present import Connection
from .rows import Rows
from .spool import EventSpool
from .spool_file import (
    Lot,
    abandoned,
    connect_spool,
    forget_rows,
    is_damaged,
    last_lot,
    read_lots,
    remove_lots,
    remove_spool,
    spools,
    sweep,
    take,
    truncate,
    waiting_rows,
)
from .store_view import View

log = logging.getLogger("askfirst.collector")

_SPOOL_FAULTS = (sqlite3.Error, OSError, SettingError, StoreFault, BadLot)

LOT_SECONDS = 60  # after which less is moved than makes a lot


Copy = Callable[[str, Sequence[Lot]], None]


def no_copy(spool: str, lots: Sequence[Lot]) -> None:
    """Nothing is wanted of what is moved."""


_Kept = TypeVar("_Kept", bound=Rows)


class SpooledEvents(Generic[_Kept]):
    """`EventStore` on the spools in `folder` and `rows`; `busy_timeout` is in milliseconds.

    `path` is the file that says which periods are open. `ended` and `closed` are asked when a batch
    is accepted. `copy` is given what is about to be moved, with the name of its spool, and raises
    nothing. `is_first` is False once another file stands in the place of the one that was
    opened first: whoever knows what it must not fall behind has to look (see `restored`). Where
    other machines have spools of their own, `machines` waits for them.
    """

    def __init__(
        self,
        path: Path,
        rows: _Kept,
        *,
        ended: Ended,
        closed: Closed,
        copy: Copy,
        urandom: Callable[[int], bytes],
        busy_timeout: int,
        view: View | None = None,
        machines: Machines | None = None,
    ) -> None:
        self._copy = copy
        self._machines = machines
        self.file = rows
        self.spool = EventSpool(
            path.with_name("spool"),
            path,
            ended=ended,
            closed=closed,
            urandom=urandom,
            busy_timeout=busy_timeout,
            view=view,
            begins=None if machines is None else machines.wake,
        )
        self._folder = path.with_name("spool")
        self._busy_timeout = busy_timeout
        self._moved = -math.inf  # when everything was, by the job
        # Sealed by this process: nothing of these is in any spool any more.
        self._gathered: set[PeriodKey] = set()

    @property
    def fault(self) -> str:
        """What the last write failed of."""
        return self.spool.fault or self.file.fault

    @property
    def is_first(self) -> bool:
        """Whether the file is the one that was opened first."""
        return self.file.is_first and self.spool.is_first

    # Accepting

    def append(self, batch: Batch) -> Awaitable[bytes]:
        """The answer, once the batch is on disk (see `EventStore`)."""
        return self.spool.append(batch)

    def barrier(self) -> None:
        """Return when every commit of a batch that began before, in any process, has ended."""
        if self.spool.path is not None:
            self.spool.barrier()
        for path in spools(self._folder):
            if path != self.spool.path:
                with self._spool(path, damaged=False) as connection:
                    if connection is not None:
                        take(connection, self._busy_timeout)
                        connection.execute("ROLLBACK")

    def close(self) -> None:
        """Commit what waits, move it, and stop; what cannot be moved is for whoever comes next."""
        self.spool.close()
        path, lock = self.spool.path, self.spool.lock
        if path is not None and lock is not None:
            self.spool.lock = None
            try:
                self._take_away(path, lock)
            except (AskfirstError, OSError) as error:
                lock.close()
                log.warning("askfirst.W146 a spool is left to be moved: %s", error_name(error))
        self._rest()
        self.file.close()

    def _rest(self) -> None:
        """Let no machine wait for this one, if no process of it has anything."""
        if self._machines is None or spools(self._folder):
            return
        with suppress(AskfirstError):
            self._machines.rest()
            if spools(self._folder):
                self._machines.wake()  # another process has begun meanwhile

    # Moving

    def drain(self) -> None:
        """Move everything that was accepted before this call. Raises StoreUnavailable."""
        for path in spools(self._folder):
            self._drain(path)

    def gather(self) -> None:
        """`drain`, on every machine."""
        self.drain()
        if self._machines is not None:
            self._machines.gather()

    def answer_call(self) -> None:
        """The job: move all that was accepted here, where another machine needs it."""
        if self._machines is None:
            return
        self._machines.beat()
        if number := self._machines.called():
            # Whoever began before what it was called for was seen to is over.
            self.barrier()
            self.drain()
            self._machines.answer(number)

    def move(self, now: float) -> None:
        """The job: move what makes a lot, or has waited; take away what processes left.

        Raises StoreUnavailable once it has tried everything.
        """
        is_time = not self._moved <= now < self._moved + LOT_SECONDS
        faults = []
        for path in spools(self._folder):
            try:
                lock = abandoned(path)
                if lock is not None:
                    self._inherit(path, lock)
                elif is_time or self._waits(path):
                    self._drain(path)
            except (StoreUnavailable, OSError) as error:
                faults.append(error)
        if faults:
            raise StoreUnavailable(f"a spool cannot be moved: {faults[0]}")
        if is_time:
            self._forget_spools()
            self.file.tidy()
            self._moved = now

    def forget_spooled(self, is_due: Callable[[PeriodKey], bool]) -> int:
        """Destroy what waits of these periods, where it cannot be moved; how many rows."""
        rows = 0
        for path in spools(self._folder):
            with self._spool(path, damaged=False) as connection:
                if connection is not None:
                    take(connection, self._busy_timeout)
                    rows += forget_rows(connection, is_due)
        if rows:
            log.error("askfirst.E115 %d events that could not be moved in time are destroyed", rows)
        return rows

    def _inherit(self, path: Path, lock: files.Own) -> None:
        """Move what a process left that is gone; nobody can where it is damaged."""
        try:
            self._take_away(path, lock)
        except BaseException as error:
            if error.__cause__ is None or not is_damaged(error.__cause__):
                lock.close()
                raise
            remove_spool(path, lock)
            log.error("askfirst.E114 a spool that nobody can read any more is destroyed")

    def _waits(self, path: Path) -> bool:
        with self._spool(path) as connection:
            return connection is not None and waiting_rows(connection) >= self.file.together

    def _drain(self, path: Path) -> None:
        with self._spool(path) as connection:
            if connection is None:
                return
            last = last_lot(connection)
            while lots := read_lots(connection, last, self.file.together):
                self._copy(path.stem, lots)
                self.file.move(path, lots)
                take(connection, self._busy_timeout)
                remove_lots(connection, lots[-1].id)
            # Also where nothing waits: what was removed may still be in the journal.
            truncate(connection)

    def _take_away(self, path: Path, lock: files.Own) -> None:
        """Move what is left in a spool whose lock is ours, and remove it."""
        self._drain(path)
        remove_spool(path, lock)
        # The last: while it is there, nobody stores anything of it again. Else the job does it.
        with suppress(StoreUnavailable):
            self.file.forget_spool(path)

    def _forget_spools(self) -> None:
        """Forget spools that went with a power cut, or whose end was cut off."""
        sweep(self._folder)
        names = self.file.moved()
        if any(not self._path(name).exists() for name in names):
            files.sync_folder(self._folder)
            for name in names:
                if not self._path(name).exists():
                    self.file.forget_spool(self._path(name))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.db"

    @contextmanager
    def _spool(self, path: Path, *, damaged: bool = True) -> Iterator[Connection | None]:
        """A spool; None where it is gone. StoreUnavailable where it cannot be used now.

        With `damaged` being False one that nobody can use any more is as good as gone.
        """
        connection = None
        try:
            connection = connect_spool(path, busy_timeout=self._busy_timeout)
            yield connection
        except _SPOOL_FAULTS as error:
            if damaged or not is_damaged(error):
                raise StoreUnavailable(f"a spool cannot be used: {error_name(error)}") from error
            if connection is None:
                yield None
        finally:
            if connection is not None:
                connection.close()

    # The store

    def erase(self, pseudonyms: Collection[bytes]) -> int:
        """Remove the rows under any of these, and every string that only they used."""
        self.drain()
        return self.file.erase(pseudonyms)

    def drop(self, key: PeriodKey) -> None:
        """Remove a period, in slices between which others write; interrupted, call it again."""
        self.file.drop(key)
        self._gathered.discard(key)

    def seal(self, *keys: PeriodKey) -> None:
        """Take no more rows into periods but what was accepted; sealing twice is harmless."""
        fresh = [key for key in keys if key not in self._gathered]
        for key in fresh:
            self.file.seal(key)
        if fresh:
            self.barrier()
            self.gather()
            self._gathered.update(fresh)

    def keep(self, key: PeriodKey, rows: Iterable[Row]) -> None:
        """Put these rows in the place of a sealed period's own, all at once, in this order."""
        self.file.keep(key, rows)

    def kept(self, key: PeriodKey) -> bool:
        """Whether the rows of a period are those that `keep` wrote."""
        return self.file.kept(key)

    def expire_kept(
        self, now: float, allowed: Mapping[tuple[str, str, str], int], calendar_of: CalendarOf
    ) -> int:
        """Remove kept rows whose own days, or those allowed, after their period are over."""
        return self.file.expire_kept(now, allowed, calendar_of)

    def forget_answers(self, before: int) -> None:
        """Remove the answers kept for retries on days before this one."""
        self.file.forget_answers(before)

    def periods(self) -> list[PeriodKey]:
        """The periods that have rows."""
        self.drain()
        return self.file.periods()

    def rows(self, key: PeriodKey) -> Iterator[Row]:
        """The rows of a period, in no meaningful order."""
        self._gather(key)
        return self.file.rows(key)

    def parts(self, key: PeriodKey, most: int) -> Iterator[list[Row]]:
        """The rows of a period as they are now, in parts of about `most` (see `EventStore`)."""
        self.drain()
        return self.file.parts(key, most)

    def rows_on(self, site: str, day: str) -> int:
        """How many rows of a site lie in periods that are this day (ISO 8601)."""
        self.drain()
        return self.file.rows_on(site, day)

    def of_pseudonyms(self, pseudonyms: Collection[bytes]) -> list[Row]:
        """The rows under any of these pseudonyms."""
        self.gather()
        return self.file.of_pseudonyms(pseudonyms)

    def counts(self, key: PeriodKey) -> Counts:
        """Distinct pseudonyms, page views and rows of a period."""
        self.drain()
        return self.file.counts(key)

    def reading(
        self, key: PeriodKey, without: Collection[bytes] = ()
    ) -> AbstractContextManager[PeriodReader]:
        """One view of a period, whatever is written meanwhile; rows of these are not in it."""
        self._gather(key)
        return self.file.reading(key, without)

    def _gather(self, key: PeriodKey) -> None:
        if self._machines is None or key in self._gathered or self.file.kept(key):
            self.drain()
        else:
            self.gather()

    def limits(self, key: PeriodKey) -> Limits | None:
        """The limits of a period's rows; None where it has none."""
        return self.file.limits(key)

    def pseudonyms(self) -> set[bytes]:
        """Every pseudonym that has a row."""
        self.drain()
        return self.file.pseudonyms()

    def generation(self) -> int:
        """How often anything was taken out: it never goes back by itself."""
        return self.file.generation()

    def check(self) -> None:
        """StoreUnavailable where a batch cannot be accepted now, or moved, as far as is known."""
        if self.spool.fault or self.spool.is_full:
            self.spool.barrier()  # it may be well again
        if self.spool.is_full:
            raise StoreUnavailable("too much waits to be moved to the store")
        self.file.check()
