"""Faults of a database or a disk, as the one error that callers answer with 503.

A part that fails is logged once, under its id, and once more when it answers again.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from askfirst.errors import CollectorUnavailable

log = logging.getLogger("askfirst.collector")

DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")  # how SQLite's names for it begin
BUSY = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "lock_not_available",
    "TimeoutError",
)  # another program, or thread, holds it
# Names of what is over once there is room, or whoever holds the file is gone: it may be sound.
PASSING = (
    *BUSY,
    *("SQLITE_FULL", "SQLITE_NOMEM", "SQLITE_IOERR_SHM", "SQLITE_IOERR_WRITE"),
    *("SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE"),
)
QUIET = 5.0  # seconds without a fault after which what goes well counts as a recovery
QUIET_REFUSALS = 60.0  # seconds between two lines about the same

_OURS = (IntegrityError, ProgrammingError, sqlite3.IntegrityError, sqlite3.ProgrammingError)
DATABASE_ERRORS = (DBAPIError, sqlite3.Error)
_FAULTS = (*DATABASE_ERRORS, DatabaseError, PoolTimeout, OSError)


class StoreFault(CollectorUnavailable):
    """A part of the collector that cannot be used now, and why; never what is stored in it."""

    def __init__(self, part: str, reason: str) -> None:
        self.part = part
        self.reason = reason
        super().__init__(f"{part} is away: {reason}")


class Faults:
    """Which parts have failed; safe in any thread. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[str, float] = {}

    def failed(self, part: str, message: str, *, level: int = logging.ERROR) -> None:
        """Log `message`, where the part was well before."""
        with self._lock:
            is_first = part not in self._failures
            self._failures[part] = self._clock()
        if is_first:
            log.log(level, message)

    def went_well(self, part: str) -> None:
        """Log the recovery of a part that failed, and has not for a while.

        A full disk still answers whoever only reads: without the while, each request would be a
        fault and a recovery.
        """
        if part not in self._failures:
            return
        with self._lock:
            last = self._failures.get(part)
            if last is None or self._clock() - last < QUIET:
                return
            del self._failures[part]
        log.warning("askfirst.W110 %s answers again", part)


class Refusals:
    """Says that something is refused, at most once in `QUIET_REFUSALS`; safe in any thread.

    `message` has a place for how many there were since it was last said.
    """

    def __init__(self, message: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._message = message
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._next = -math.inf

    def add(self) -> None:
        """Count one, and say so where it is time to."""
        with self._lock:
            self._count += 1
            now = self._clock()
            if now < self._next:
                return
            count, self._count = self._count, 0
            self._next = now + QUIET_REFUSALS
        log.warning(self._message, count)


FAULTS = Faults()


def fault(part: str, reason: str) -> StoreFault:
    """The error to raise, logged where it is the first of its part."""
    if reason.startswith(DAMAGE):
        reason = f"{reason}: stop it, and look with askfirst ledger check"
    if reason == "SQLITE_IOERR_SHMSIZE":
        reason = f"{reason}: there is no room left on the disk"
    FAULTS.failed(part, f"askfirst.E110 {part} is away: {reason}")
    return StoreFault(part, reason)


@contextmanager
def unavailable(part: str) -> Iterator[None]:
    """Turn a full disk, a lock held too long or an unreadable file into StoreFault.

    A mistake of ours (a constraint, a wrong statement) is not a fault and goes on as it is.
    """
    try:
        yield
    except _FAULTS as error:
        if isinstance(error, _OURS):
            raise
        raise fault(part, error_name(error)) from None
    FAULTS.went_well(part)


def error_name(error: BaseException) -> str:
    """The database's own name of an error, else its type: its text may hold what is stored."""
    origin = getattr(error, "orig", None) or error
    names = (getattr(origin, name, None) for name in ("sqlite_errorname", "reason"))
    return next((name for name in names if isinstance(name, str)), type(origin).__name__)
