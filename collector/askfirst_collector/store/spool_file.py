"""One spool of events: the file of one process, in which what it accepted waits to be moved.

    lot    what was committed together, under a number that counts on and is never used again.
           `batches` are the batches, each with the handle it was judged by; `answers` what a retry
           of each is answered; `rows` how many rows there are

Its name is drawn, so that none comes twice. The process that writes has a lock on `NAME.lock` for
as long as it lives: whoever gets that lock may take the file away. Others read lots, remove those
that were moved, and take the write lock for a moment (the barrier of a withdrawal).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path

from askfirst.spool import files
from askfirst_collector.store.faults import BUSY, DAMAGE, error_name

from .events import Batch, PeriodKey, Row
from .lots import (
    BadLot,
    Written,
    WrittenRow,
    as_written,
    encoded_answers,
    joined,
    parted,
    separated,
)
from .present import Connection, connect
from .schema import use_journal
from .versions import Step, bring_up, run_script, version_of

LOT_ROWS = 1_000  # rows that are put in no order together
PAGE = 1_024  # bytes: a commit writes one or two
JOURNAL = 8_000  # pages that its journal has before they go to the file: most are moved before
ROW = 250  # bytes that a row counts for at least, however well it is packed: it has to be moved
LOOK = 0.0005  # seconds between two looks at a lock
_SUFFIXES = ("-journal", "-wal", "-shm", "")  # in the order in which they go
_DRAW = 16  # bytes of a name

STEPS: tuple[Step, ...] = (
    run_script("""
CREATE TABLE lot (
    id INTEGER PRIMARY KEY,
    rows INTEGER NOT NULL,
    answers BLOB NOT NULL,
    batches BLOB NOT NULL
) STRICT;
"""),
    # Lots may be packed: to a program from before they would be damaged.
    run_script(""),
)


@dataclass(frozen=True, slots=True)
class Lot:
    """What was committed together; read by one of two ways. Both raise BadLot."""

    id: int
    rows: int
    blob: bytes

    @property
    def batches(self) -> list[Batch]:
        """As they were accepted."""
        return separated(self.blob)

    @property
    def written(self) -> list[Written[WrittenRow]]:
        """The same, with the values of rows as they were written."""
        return as_written(self.blob)


def rows_of(lot: Lot) -> int:
    """How many rows a lot has."""
    return lot.rows


def spools(folder: Path) -> list[Path]:
    """The spools in a folder, of processes that live and of others."""
    return sorted(folder.glob("events-*.db"))


def new_spool(folder: Path, urandom: Callable[[int], bytes]) -> tuple[Path, files.Own]:
    """A path at which no spool is, and the lock on it. The folder is made. Raises OSError."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        files.sync_folder(folder.parent)
    drawn = urandom(_DRAW).hex()
    number = 0
    while True:
        # With randomness that repeats, as in tests, names still do not.
        path = folder / f"events-{drawn}{f'-{number}' if number else ''}.db"
        lock = None if path.exists() else files.take(_lock_of(path))
        if lock is not None:
            if not path.exists():
                return path, lock
            lock.close()
        number += 1


def create_spool(path: Path, *, busy_timeout: int) -> Connection:
    """The connection that writes, to a new file; its name is on disk when this returns."""
    connection = connect(path, timeout=busy_timeout / 1_000)
    try:
        connection.execute(f"PRAGMA page_size={PAGE}")
        use_journal(connection, busy_timeout)
        connection.execute(f"PRAGMA wal_autocheckpoint={JOURNAL}")
        bring_up(connection, STEPS, path.name)
        files.sync_folder(path.parent)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_spool(path: Path, *, busy_timeout: int) -> Connection | None:
    """A connection to a spool; None where it is gone, or has no table yet, and so holds nothing.

    Raises sqlite3.Error, and SettingError where a newer program made it.
    """
    try:
        connection = connect(path, timeout=busy_timeout / 1_000, create=False)
    except sqlite3.OperationalError:
        if path.exists():
            raise
        return None
    try:
        version = version_of(connection)
        if version == 0:
            connection.close()
            return None
        bring_up(connection, STEPS, path.name)
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def take(connection: sqlite3.Connection, busy_timeout: int) -> None:
    """Begin a transaction that has the write lock. Raises sqlite3.Error."""
    connection.execute("PRAGMA busy_timeout=0")
    try:
        begin(connection, busy_timeout)
    finally:
        connection.execute(f"PRAGMA busy_timeout={busy_timeout}")


def begin(connection: sqlite3.Connection, busy_timeout: int) -> None:
    """`take`, by a connection for which SQLite itself waits for nobody.

    Its process commits one group after the other: where one waits as long as SQLite does by itself,
    between two looks, the lock is never free.
    """
    until = time.monotonic() + busy_timeout / 1_000
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error_name(error) not in BUSY or time.monotonic() > until:
                raise
            time.sleep(LOOK)
        else:
            return


def last_lot(connection: sqlite3.Connection) -> int:
    """The number of the newest lot; 0 where there is none."""
    return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM lot").fetchone()[0])


def waiting_rows(connection: sqlite3.Connection) -> int:
    """How many rows wait."""
    return int(connection.execute("SELECT COALESCE(SUM(rows), 0) FROM lot").fetchone()[0])


def waiting_bytes(connection: sqlite3.Connection) -> int:
    """How much waits, in bytes: each lot as `add_lot` counts it."""
    size = "MAX(LENGTH(batches) + LENGTH(answers), rows * ?)"
    query = f"SELECT COALESCE(SUM({size}), 0) FROM lot"  # noqa: S608
    return int(connection.execute(query, (ROW,)).fetchone()[0])


def add_lot(connection: sqlite3.Connection, number: int, batches: Sequence[Batch]) -> int:
    """Add what is committed together; how much that is, in bytes. Raises UnicodeEncodeError."""
    blob, answers = joined(batches), encoded_answers(batches)
    rows = sum(len(batch.rows) for batch in batches)
    connection.execute("INSERT INTO lot VALUES (?, ?, ?, ?)", (number, rows, answers, blob))
    return max(len(blob) + len(answers), rows * ROW)


def read_lots(connection: sqlite3.Connection, upto: int, together: int) -> list[Lot]:
    """The oldest lots that are at most `upto`: about so many rows."""
    query = "SELECT id, rows, batches FROM lot WHERE id <= ? ORDER BY id"
    lots = starmap(Lot, connection.execute(query, (upto,)))
    return next(parted(lots, rows_of, together), [])


def remove_lots(connection: sqlite3.Connection, upto: int) -> None:
    """Remove those that were moved, in the transaction that was begun, and commit it."""
    connection.execute("DELETE FROM lot WHERE id <= ?", (upto,))
    connection.execute("COMMIT")


def truncate(connection: sqlite3.Connection) -> None:
    """Empty the journal; where somebody writes meanwhile, whoever comes next does it."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA busy_timeout=0")  # nobody waits for it
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def forget_rows(connection: sqlite3.Connection, is_due: Callable[[PeriodKey], bool]) -> int:
    """Remove the rows of these periods from every lot; how many there were.

    In the transaction that was begun, which is committed. Raises BadLot.
    """
    gone = 0
    for number, blob in connection.execute("SELECT id, batches FROM lot").fetchall():
        batches = separated(blob)
        rest = [_without(batch, is_due) for batch in batches]
        rows = sum(len(batch.rows) for batch in rest)
        removed = sum(len(batch.rows) for batch in batches) - rows
        if removed:
            values = (rows, joined(rest), number)
            connection.execute("UPDATE lot SET rows = ?, batches = ? WHERE id = ?", values)
        gone += removed
    connection.execute("COMMIT")
    truncate(connection)
    return gone


def _without(batch: Batch, is_due: Callable[[PeriodKey], bool]) -> Batch:
    rows: tuple[Row, ...] = tuple(row for row in batch.rows if not is_due(row.key))
    return Batch(batch.judged, batch.day, batch.key, rows, batch.answer, batch.earlier)


def abandoned(path: Path) -> files.Own | None:
    """The lock on a spool whose process is gone; None where it lives. Raises OSError."""
    return files.take(_lock_of(path))


def is_abandoned(path: Path) -> bool:
    """Whether the process of a spool is gone, as far as anybody may look; nothing is changed."""
    return files.is_free(_lock_of(path))


def remove_spool(path: Path, lock: files.Own) -> None:
    """Take an empty spool away, so that its name is gone from the disk; the lock goes with it."""
    for suffix in _SUFFIXES:
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
    files.sync_folder(path.parent)
    lock.close()


def sweep(folder: Path) -> None:
    """Take away what is left of spools of which there is no database: their end was cut off."""
    for path in folder.glob("events-*"):
        spool = path.with_name(f"{path.name.partition('.')[0]}.db")
        lock = None if spool.exists() else abandoned(spool)
        if lock is not None:
            remove_spool(spool, lock)


def is_damaged(error: BaseException) -> bool:
    """Whether nobody can read, or write, what stands there, now or later."""
    return isinstance(error, BadLot) or error_name(error).startswith(DAMAGE)


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")
