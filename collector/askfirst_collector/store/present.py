"""Whether a database is still the files that were opened, and how this process lets go of them.

SQLite goes on writing to a file, or to a journal, that was removed or replaced: nothing that goes
there may be acknowledged. And POSIX drops every lock of a process on a file once the process closes
*any* descriptor of it, so that no file of a database is ever opened but by SQLite, in `connect`.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from askfirst_collector.config import create_file
from askfirst_collector.store.faults import fault

_SUFFIXES = ("", "-wal", "-shm")
PATIENCE = 2.0  # seconds that a fork waits for connections that are in use
LEAVING = 0.2  # seconds that it waits for threads that have ended

Identity = tuple[int, int]  # device and inode

_lock = threading.Lock()
_connections: weakref.WeakSet[Connection] = weakref.WeakSet()
# Databases of which this process has a connection that it can neither use nor close.
_unusable: set[Identity] = set()


class Connection(sqlite3.Connection):
    """A connection to the database at `path` that this process knows of until it is closed."""

    def __init__(self, path: Path, *, timeout: float, read_only: bool, create: bool) -> None:
        self.path = path
        if create and not read_only:
            create_file(path)
        super().__init__(
            f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}",
            timeout=timeout,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )
        with _lock:
            _connections.add(self)

    def close(self) -> None:
        """Close it; closing twice is harmless."""
        super().close()
        with _lock:
            _connections.discard(self)


def connect(
    path: Path, *, timeout: float, read_only: bool = False, create: bool = True
) -> Connection:
    """A connection, for any thread, in which BEGIN is ours to say; `timeout` is in seconds.

    A file that is not there is made, or not, with `create` being False.

    Raises sqlite3.Error, OSError, and StoreFault for a database that this process must not open.
    """
    if _identity(path) in _unusable:
        raise fault(path.stem, "this process cannot open it again: start it anew")
    return Connection(path, timeout=timeout, read_only=read_only, create=create)


class Present:
    """The database at `path`, its journal and its index, as `connection` has them open."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Raises StoreFault where one of the three is not there, and sqlite3.Error."""
        # SQLite opens the journal with the first page that it reads.
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        self.is_whole = True
        self._path = path
        # Made once: it is looked at with every write.
        self._paths = tuple(f"{path}{suffix}" for suffix in _SUFFIXES)
        self._files = self._look()
        if None in self._files:
            raise fault(path.stem, "it was removed while it was opened")

    def check(self) -> None:
        """StoreFault when a file or its journal is gone, or is another one than was opened."""
        files = self._look()
        self.is_whole = files == self._files
        if self.is_whole:
            return
        if files[0] != self._files[0]:
            raise fault(self._path.stem, "it is not the file that was opened")
        raise fault(self._path.stem, "its journal was removed or replaced")

    @property
    def is_replaced(self) -> bool:
        """Whether the path leads to another database now; not where it leads nowhere."""
        return self._look()[0] not in (None, self._files[0])

    def end(self, connection: object, close: Callable[[], object]) -> None:
        """Close, unless that would harm the files of somebody else.

        The last connection to close writes its journal back and removes it *by name*. Where another
        one stands there by now, `connection` stays open until the process ends.
        """
        database, *journal = self._look()
        if all(now in (None, before) for now, before in zip(journal, self._files[1:], strict=True)):
            close()
            return
        _keep_open(connection)
        if database is not None and database == self._files[0]:
            # SQLite would give a new connection the index of the old journal.
            _unusable.add(database)

    def _look(self) -> tuple[Identity | None, ...]:
        return tuple(map(_identity, self._paths))


def before_fork() -> None:
    """Wait until nothing is open; what then still is, a child must not open again.

    And until the threads that have ended are gone: to Python they are a moment sooner than to the
    system, and in that moment OpenSSL tidies up after them, under locks that a child would find
    taken for ever. Those of others, which Python does not know, are waited for in vain.
    """
    _wait(PATIENCE, lambda: not _open_connections())
    _wait(LEAVING, lambda: not _unknown_threads())


def after_fork_in_child() -> None:
    """Locks stay with the parent, yet SQLite in the child believes that it has them."""
    global _lock
    _lock = threading.Lock()
    for connection in _open_connections():
        _keep_open(connection)
        identity = _identity(connection.path)
        if identity is not None:
            _unusable.add(identity)


def _wait(seconds: float, is_time: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not is_time() and time.monotonic() < until:
        time.sleep(0.001)


def _unknown_threads() -> set[int]:
    """This process's threads that Python does not know, or not any more; none without /proc."""
    known = {thread.native_id for thread in threading.enumerate()}
    try:
        return {int(task.name) for task in Path("/proc/self/task").iterdir()} - known
    except OSError:
        return set()


def _open_connections() -> list[Connection]:
    with _lock:
        return list(_connections)


def _keep_open(connection: object) -> None:
    # Nothing else outlives the end of the interpreter, which closes whatever it can reach.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def _identity(path: Path | str) -> Identity | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - for each event
    except OSError:
        return None
    return status.st_dev, status.st_ino
