"""`EndedHandles`: whose grant is over, for as long as a cookie may still say that it is not.

While a collector is away nobody else can be asked. One file for the ends of a year, this one and
the last: no state cookie lives longer. In it stand hashes of handles alone (0600), each with
whether it ended or, restricted, was granted again; shared by every process of a site.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from askfirst.log_fault import log_fault

from ..client import Handle
from . import files
from .spool import Spool

SIZE = 16  # bytes: of a hash, and one that says whether the handle ended
MOST = 65_536  # handles of a year; the oldest go first


class EndedHandles:
    """Safe in any thread and process; never raises. `now` gives unix seconds.

    What cannot be written is remembered by this process alone.
    """

    def __init__(self, spool: Spool, *, now: Callable[[], float], most: int = MOST) -> None:
        self._spool = spool
        self._now = now
        self._most = most
        self._lock = threading.Lock()
        self._unwritten: dict[bytes, bool] = {}
        self._read: dict[Path, tuple[tuple[int, int, int], Mapping[bytes, bool]]] = {}

    def __contains__(self, handle: Handle) -> bool:
        mark = _mark(handle)
        with self._lock:
            newest_first = (self._unwritten, *(self._marks(path) for path in self._paths()))
            return next((marks[mark] for marks in newest_first if mark in marks), False)

    def add(self, handle: Handle) -> None:
        """Remember that nothing of a handle is stored any more; on disk when this returns."""
        self._set(handle, is_over=True)

    def discard(self, handle: Handle) -> None:
        """Remember that it was granted again, after a restriction."""
        self._set(handle, is_over=False)

    def _set(self, handle: Handle, *, is_over: bool) -> None:
        if (handle in self) == is_over:
            return
        mark = _mark(handle)
        try:
            with self._spool.locked():
                self._append(self._paths()[0], mark + bytes([is_over]))
                self._remove_old()
            self._unwritten.pop(mark, None)
        except OSError as error:
            log_fault("writing the handles that ended", error)
            if len(self._unwritten) < self._most:
                self._unwritten[mark] = is_over

    def _paths(self) -> tuple[Path, Path]:
        year = datetime.fromtimestamp(self._now(), UTC).year
        return self._spool.folder / f"ended-{year}", self._spool.folder / f"ended-{year - 1}"

    def _marks(self, path: Path) -> Mapping[bytes, bool]:
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                version = (status.st_ino, status.st_size, status.st_mtime_ns)
                known = self._read.get(path)
                if known is not None and known[0] == version:
                    return known[1]
                data = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            log_fault("reading the handles that ended", error)
            return {}
        records = [data[at : at + SIZE] for at in range(0, len(data) - SIZE + 1, SIZE)]
        marks = {record[:-1]: bool(record[-1]) for record in records}
        self._read[path] = (version, marks)
        return marks

    def _append(self, path: Path, record: bytes) -> None:
        with closing(files.Own(path, os.open(path, os.O_CREAT | os.O_RDWR, 0o600))) as file:
            file.size -= file.size % SIZE  # what was written last may have broken off
            if file.size >= self._most * SIZE:
                records = b"".join(file.read())[: file.size]
                file.rewrite(records[-(self._most // 2) * SIZE :] + record)
            else:
                file.append(record, sync=True)
        files.sync_folder(path.parent)

    def _remove_old(self) -> None:
        keep = self._paths()
        for path in self._spool.folder.glob("ended-*"):
            if path not in keep:
                path.unlink(missing_ok=True)
                self._read.pop(path, None)


def _mark(handle: Handle) -> bytes:
    return hashlib.sha256(f"askfirst ended 1\0{handle}".encode()).digest()[: SIZE - 1]
