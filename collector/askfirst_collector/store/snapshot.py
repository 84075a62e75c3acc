"""A database as a file by itself: copied as of one moment, looked through, in use or not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkdtemp

from askfirst.spool.files import Own, take
from askfirst_collector.config import SettingError
from askfirst_collector.store.faults import error_name, unavailable
from askfirst_collector.store.present import Connection, connect

WAIT = 60.0  # seconds for a database that another program holds
_BLOCK = 1 << 20  # bytes
_DRAFT, _LOCK = ".copy-", ".lock"  # how folders of copies begin, and who uses one


def copy_database(path: Path, to: Path) -> None:
    """Copy a database that others may write meanwhile, as of one moment, without its journal.

    `to` is made (0600). Raises CollectorUnavailable, as where another program holds it for long.
    """
    with (
        unavailable(path.stem),
        closing(connect(path, timeout=WAIT, read_only=True)) as source,
        closing(connect(to, timeout=WAIT)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def draft_folder(parent: Path) -> Iterator[Path]:
    """A folder (0700) for copies, locked while it is used; what was in it is overwritten."""
    destroy_drafts(parent)
    folder = Path(mkdtemp(prefix=_DRAFT, dir=parent))
    own = take(folder / _LOCK)
    if own is None:
        raise OSError(f"{folder} is taken")
    try:
        yield folder
    finally:
        _remove(folder, own)


def destroy_drafts(parent: Path) -> int:
    """Destroy copies that nobody uses: whoever made them was killed, and no erasure reaches them.

    How many. A kill drops the lock. A folder without copies is left to whoever just made it.
    """
    destroyed = 0
    for folder in parent.glob(f"{_DRAFT}*"):
        if _copies(folder) and (own := take(folder / _LOCK)) is not None:
            _remove(folder, own)
            destroyed += 1
    return destroyed


def _copies(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name != _LOCK]


def _remove(folder: Path, own: Own) -> None:
    """The copies first: a kill in between leaves the rest to the next."""
    try:
        for path in _copies(folder):
            destroy(path)
    finally:
        own.close()  # takes its file away
    folder.rmdir()


def problem_of(path: Path) -> str:
    """What is wrong with a database, in a word; nothing where it is sound."""
    try:
        with closing(connect(path, timeout=WAIT, read_only=True)) as connection:
            (line,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return error_name(error)
    return "" if line == "ok" else str(line)


def is_used(path: Path) -> bool:
    """Whether a process has a database open; one that is damaged can be used by nobody.

    Leaves no journal beside one that is not used: leaving WAL takes what nobody has who is not
    alone.
    """
    if not path.exists() or not path.stat().st_size:
        return False
    try:
        with closing(connect(path, timeout=0, create=False)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as error:
        return error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    except sqlite3.DatabaseError:
        return False
    return bool(mode != "delete")


@contextmanager
def as_of_now(path: Path) -> Iterator[Connection]:
    """A database as of one moment, whoever writes meanwhile. Raises sqlite3.Error."""
    with closing(connect(path, timeout=WAIT, read_only=True)) as connection:
        connection.execute("BEGIN")
        yield connection


@contextmanager
def alone(path: Path) -> Iterator[Connection]:
    """A database that no process has open, nor can open until the end; it is only read.

    Its journal is emptied first. Raises SettingError `askfirst.E165`, and sqlite3.Error.
    """
    in_use = SettingError("askfirst.E165", path, "it is in use: stop every process of this folder")
    if is_used(path):
        raise in_use
    with closing(connect(path, timeout=0, create=False)) as connection:
        try:
            # Without write-ahead logging an exclusive lock keeps readers out as well.
            connection.execute("BEGIN EXCLUSIVE")
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise in_use from None
            raise
        if mode != "delete":
            raise in_use
        yield connection


def ledger_of(path: Path) -> tuple[bytes | None, list[str]]:
    """The id that a ledger shares with its log, and the trees of which something was signed."""
    with closing(connect(path, timeout=WAIT, read_only=True)) as connection:
        row = connection.execute("SELECT name FROM pair").fetchone()
        signed = connection.execute("SELECT DISTINCT tree FROM checkpoint")
        return None if row is None else bytes(row[0]), [tree for (tree,) in signed]


def destroy(path: Path) -> None:
    """Overwrite a file, as `secure_delete` does within one, and remove it. Raises OSError."""
    remaining = path.stat().st_size
    with path.open("r+b", buffering=0) as file:
        while remaining > 0:
            remaining -= file.write(bytes(min(remaining, _BLOCK)))
        os.fsync(file.fileno())
    path.unlink()
