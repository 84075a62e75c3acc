"""The spool of this process: what is accepted is on disk there, and only then answered.

Withdrawal is exact because the ledger is asked *inside* each write transaction: a withdrawal
commits to the ledger and takes the write lock of every spool before it is acknowledged, so a group
that gets its lock later sees it, and one that had it before is over. A retry is looked for in every
spool, then in the store: what leaves a spool is in the store already.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from askfirst.spool import files
from askfirst_collector.config import SettingError

from .events import (
    Batch,
    Closed,
    Ended,
    HandleEnded,
    PeriodClosed,
    StoreUnavailable,
)
from .faults import FAULTS, Refusals, StoreFault, error_name
from .group import Full, Group
from .kept_answers import LotAnswers
from .lots import BadLot, Name, answers_in, names_of, parted
from .present import Present
from .spool_file import (
    LOT_ROWS,
    add_lot,
    begin,
    connect_spool,
    create_spool,
    is_damaged,
    new_spool,
    spools,
    waiting_bytes,
)
from .store_view import StoreView, View

MOST = 64_000_000  # bytes that wait in one spool; more is refused
RESERVE = 32_000_000  # bytes of the disk that the journals of a move take
ROOM = 4  # times what waits that the store takes for it at most
REFUSED = (
    "askfirst.W260 more events come than are moved to the store, or the disk is nearly full:"
    " %d requests were answered 503 since this was last said"
)

# Faults of what was asked, not of the disk.
_JOB_FAULTS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)


class EventSpool:
    """Accepts batches into a file of its own in `folder`, made at the first; in any thread.

    `fault` says what the last commit failed of, "" when it went well; `is_full` whether too much
    waits. `is_first` is False once another file stands in the place of the store at `path`. `view`
    is asked instead of that file, and `begins` is called once there is a spool with nothing in it.
    """

    def __init__(
        self,
        folder: Path,
        path: Path,
        *,
        ended: Ended,
        closed: Closed,
        urandom: Callable[[int], bytes],
        busy_timeout: int,
        most: int = MOST,
        view: View | None = None,
        begins: Callable[[], object] | None = None,
    ) -> None:
        self.fault = ""
        self.is_full = False
        self.is_first = True
        self.path: Path | None = None  # of the file, once there is one
        self.lock: files.Own | None = None  # on it
        self._folder = folder
        self._ended = ended
        self._urandom = urandom
        self._begins = begins
        self._busy_timeout = busy_timeout
        self._most = most
        self._refusals = Refusals(REFUSED)
        self._group: Group[Batch | None, object] = Group(
            self._round, done=self._disconnect, name="askfirst-spool"
        )
        # What follows belongs to the writing thread alone.
        self._view = view or StoreView(path, closed, busy_timeout=busy_timeout)
        self._own: LotAnswers | None = None
        self._present: Present | None = None
        self._next = 1
        self._bytes = 0
        self._others: dict[Path, LotAnswers] = {}
        self._looked = -1  # when the folder was changed, as it was looked through

    async def append(self, batch: Batch) -> bytes:
        """The answer, once the batch is on disk (see `EventStore`)."""
        try:
            answer = await self._group.ask(batch)
        except Full as full:
            self._refusals.add()
            raise StoreUnavailable(str(full)) from None
        assert isinstance(answer, bytes)
        return answer

    def barrier(self) -> None:
        """Return when every commit that began before has ended; StoreUnavailable if none can."""
        try:
            self._group.ask_now(None)
        except Full:
            return  # it is closed: nothing is written any more

    def close(self) -> None:
        """Commit what waits, and stop. The lock stays."""
        self._group.close()

    # From here on: the writing thread.

    def _round(self, jobs: Sequence[Batch | None]) -> Sequence[object]:
        try:
            outcomes = self._transaction(jobs)
        except Exception as error:
            if _is_fault(error):
                self._disconnect(is_lost=is_damaged(error))
                self.fault = f"{type(error).__name__}: {error}"
                FAULTS.failed("events", f"askfirst.E110 events is away: {error_name(error)}")
                return [StoreUnavailable(f"events cannot be accepted: {error}")] * len(jobs)
            if len(jobs) == 1:
                return [error]
            # One job is at fault: each by itself, so that it fails alone.
            return [outcome for job in jobs for outcome in self._round([job])]
        self.fault = ""
        FAULTS.went_well("events")
        return outcomes

    def _transaction(self, jobs: Sequence[Batch | None]) -> Sequence[object]:
        own = self._opened()
        connection = own.connection
        begin(connection, self._busy_timeout)
        try:
            self._measure(connection)
            batches = [job for job in jobs if job is not None]
            added: list[tuple[int, Sequence[Batch]]] = []
            outcomes = iter(self._outcomes(own, batches, added))
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        # SQLite goes on writing to a file that was unlinked: nothing there may be acknowledged.
        assert self._present is not None
        self._present.check()
        for number, lot in added:
            own.note(number, answers_in(lot))
        return [None if job is None else next(outcomes) for job in jobs]

    def _outcomes(
        self,
        own: LotAnswers,
        batches: Sequence[Batch],
        added: list[tuple[int, Sequence[Batch]]],
    ) -> list[object]:
        if not batches:
            return []
        ended = self._ended({batch.judged for batch in batches})
        names = [names_of(batch) for batch in batches]
        known = self._known(own, names)
        closed = self._view.closed([row for batch in batches for row in batch.rows])
        outcomes: list[object] = []
        fresh: list[Batch] = []
        for batch, own_names in zip(batches, names, strict=True):
            # Two of the same may be in one round.
            answer = next((known[name] for name in own_names if name in known), None)
            if batch.judged in ended:
                outcomes.append(HandleEnded())
            elif not batch.is_awaited():
                outcomes.append(StoreUnavailable("nobody waits for the answer any more"))
            elif answer is not None:
                outcomes.append(answer)
            elif closed and (mine := {row.key for row in batch.rows}.intersection(closed)):
                outcomes.append(PeriodClosed(mine))
            elif self.is_full:
                self._refusals.add()
                outcomes.append(StoreUnavailable("too much waits to be moved to the store"))
            else:
                known[batch.day, batch.key] = batch.answer
                fresh.append(batch)
                outcomes.append(batch.answer)
        for lot in parted(fresh, lambda batch: len(batch.rows), LOT_ROWS):
            self._bytes += add_lot(own.connection, self._next, lot)
            added.append((self._next, lot))
            self._next += 1
        return outcomes

    def _measure(self, connection: sqlite3.Connection) -> None:
        # What waits must find room on the disk to be moved.
        free = shutil.disk_usage(self._folder).free
        room = min(self._most, (free - RESERVE) // ROOM)
        if self._bytes > room:
            self._bytes = waiting_bytes(connection)
        self.is_full = self._bytes > room

    def _known(self, own: LotAnswers, names: Sequence[Sequence[Name]]) -> dict[Name, bytes]:
        own.let_go()
        known: dict[Name, bytes] = {}
        for lots in (own, *self._beside()):
            known.update(lots.among(names))
        # The last: what left a spool meanwhile is there.
        self._view.refresh()
        return {**self._view.answers(names), **known}

    def _beside(self) -> list[LotAnswers]:
        """What retries of the lots of other processes are answered."""
        changed = self._folder.stat().st_mtime_ns
        if changed != self._looked:
            paths = {path for path in spools(self._folder) if path != self.path}
            for gone in self._others.keys() - paths:
                self._others.pop(gone).connection.close()
            for path in paths - self._others.keys():
                self._open_beside(path)
            self._looked = changed
        for path, other in [*self._others.items()]:
            try:
                other.refresh()
            except (sqlite3.Error, BadLot):
                self._others.pop(path).connection.close()
        return [*self._others.values()]

    def _open_beside(self, path: Path) -> None:
        # What cannot be read there is recognised when it is moved, if ever it is.
        with suppress(sqlite3.Error, OSError, SettingError, StoreFault):
            connection = connect_spool(path, busy_timeout=self._busy_timeout)
            if connection is not None:
                self._others[path] = LotAnswers(connection)

    def _opened(self) -> LotAnswers:
        if self._own is not None and self._present is not None:
            return self._own
        if self.path is None:
            self.path, self.lock = new_spool(self._folder, self._urandom)
        connection = create_spool(self.path, busy_timeout=self._busy_timeout)
        try:
            self._present = Present(self.path, connection)
            connection.execute("PRAGMA busy_timeout=0")  # see `begin`
            if self._begins is not None:
                self._begins()
        except BaseException:
            connection.close()
            raise
        self._own = LotAnswers(connection)
        return self._own

    def _disconnect(self, *, is_lost: bool = False) -> None:
        self.is_first = not self._view.close() and self.is_first
        for other in self._others.values():
            other.connection.close()
        self._others.clear()
        self._looked = -1
        if self._own is not None and self._present is not None:
            with suppress(StoreFault):
                self._present.check()
            with suppress(sqlite3.Error):
                self._present.end(self._own.connection, self._own.connection.close)
            is_lost = is_lost or not self._present.is_whole
        if is_lost and self.lock is not None:
            # Somebody took it away, perhaps with its lock: the next one has another name.
            self.lock.close()
            self.path = self.lock = None
        self._own = self._present = None


def _is_fault(error: Exception) -> bool:
    if isinstance(error, StoreFault):
        return error.part not in ("ledger", "salts", "revocations", "spool")
    return isinstance(error, (sqlite3.Error, OSError, SettingError)) and not isinstance(
        error, _JOB_FAULTS
    )
