"""`revocations.log`: what no restore undoes. It lies beside the data folder, never in a copy of it.

One record a line, `CRC-32 of the JSON, a space, canonical JSON`, in the order in which it was
answered; a line that broke off is cut by whoever comes next. `mark` is the ledger's own hash of
site and handle; `idx` and `leaf` say which entry of the ledger the record came with, and `of` which
one was the first of that commit, where it is another.

    {do: "ledger", id}                                    the first line: whose log it is
    {do: "end" | "erase", mark, idx?, leaf?, of?}         a handle that ended, or was erased
    {do: "change" | "restrict", mark, choices, idx?, leaf?, of?}    at most these from then on
    {do: "edition", site, number}                         a number that is given out
    {do: "begun", from, cut?}, {do: "done", idx, leaf, generation}   ledger and events held against
        it from a record on; `cut` where no copy was put back, and a change was on its way
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from askfirst.errors import AskfirstError
from askfirst.spool import files
from askfirst.terms.canonical import canonical
from askfirst_collector.config import create_file
from askfirst_collector.store.faults import BUSY, fault, unavailable
from askfirst_collector.store.versions import too_new

PART = "revocations"
VERSION = 1
ID = 32  # bytes of a ledger's id
WAIT = 1.8  # seconds for another process that writes
EVERYTHING = -1  # the `from` of a log that is new: nobody can tell what it would hold
_TAIL = 65_536  # bytes; longer than any line

Record = Mapping[str, Any]


class LogDamaged(AskfirstError):
    """A line of the log is not what was written."""


@dataclass(frozen=True)
class Log:
    """What stands in the log; its lines are read when they are asked for."""

    data: bytes

    @property
    def ledger(self) -> bytes | None:
        """The id of the ledger it belongs to; None for what is no such log.

        Raises SettingError `askfirst.E102` for one that a newer program made.
        """
        try:
            first = _read(self.data[: self.data.find(b"\n") + 1])
            version, name = first["v"], bytes.fromhex(first["id"])
        except (LogDamaged, KeyError, ValueError, TypeError):
            return None
        if version != VERSION:
            raise too_new(PART + ".log", version, VERSION)
        return name

    @property
    def unfinished(self) -> list[Record]:
        """The "begun" of everything that broke off."""
        done = self.data.rfind(b'"do":"done"')
        return [self._line(at) for at in self._places(b'"do":"begun"', done + 1)]

    @property
    def generation(self) -> int:
        """How far the event store had come when it was noted last."""
        at = self.data.rfind(b'"generation":')
        return 0 if at < 0 else int(self._line(at)["generation"])

    def highest_edition(self, site: str) -> int:
        """The highest edition number that was given out at a site; 0 where none was."""
        editions = map(self._line, self._places(b'"do":"edition"'))
        return max((entry["number"] for entry in editions if entry["site"] == site), default=0)

    def newest_first(self) -> Iterator[Record]:
        """The records from the last one on; LogDamaged at one that is not what was written."""
        end = len(self.data)
        while end > 0:
            start = self.data.rfind(b"\n", 0, end - 1) + 1
            yield _read(self.data[start:end])
            end = start

    def records(self) -> list[Record]:
        """All records, oldest first. Raises LogDamaged."""
        return [_read(line) for line in self.data.splitlines(keepends=True)]

    def _places(self, text: bytes, start: int = 0) -> Iterator[int]:
        # No name in a record can hold it: a quote within one is escaped.
        at = self.data.find(text, start)
        while at >= 0:
            yield at
            at = self.data.find(text, at + 1)

    def _line(self, at: int) -> Record:
        start = self.data.rfind(b"\n", 0, at) + 1
        return _read(self.data[start : self.data.find(b"\n", at) + 1])


class Revocations:
    """The log at `path`, which exists; safe in any thread and process.

    Every method may raise StoreFault, also where the file is not the one that was opened, or has
    become shorter.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with unavailable(PART):
            status = path.stat()
            self._identity = (status.st_dev, status.st_ino)
            self._size = 0
            path.chmod(0o600)
            with self._locked() as file:
                self._size = file.truncate(_whole(file, checked=True))

    def append(self, *records: Record) -> None:
        """Have these on disk when this returns."""
        data = b"".join(map(_line, records))
        with unavailable(PART), self._locked() as file:
            end = _whole(file)
            try:
                files.write_at(file.fileno(), data, end)
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    file.truncate(end)
                raise
            self._size = end + len(data)

    def read(self) -> Log:
        """What stands in it now."""
        with unavailable(PART), self._locked() as file:
            size = _whole(file)
            file.seek(0)
            return Log(file.read(size))

    def reserve_edition(self, site: str, number: int) -> int:
        """Give out the number of the next edition of a site: this one, or the first that is free.

        To be called inside the ledger's write transaction that uses it.
        """
        number = max(number, self.read().highest_edition(site) + 1)
        self.append({"do": "edition", "site": site, "number": number})
        return number

    def check(self) -> None:
        """StoreFault where what is taken back now could not be noted."""
        with unavailable(PART):
            self._check(self.path.stat())
            if not os.access(self.path, os.W_OK):
                raise fault(PART, "it cannot be written")

    def _check(self, status: os.stat_result) -> None:
        if (status.st_dev, status.st_ino) != self._identity or status.st_size < self._size:
            raise fault(PART, "it is not the file that was opened")

    @contextmanager
    def _locked(self) -> Iterator[FileIO]:
        until = time.monotonic() + WAIT
        with self.path.open("r+b", buffering=0) as file:
            while not files.lock(file.fileno()):
                if time.monotonic() > until:
                    raise fault(PART, f"{BUSY[0]}: another program holds it")
                time.sleep(0.001)
            self._check(os.fstat(file.fileno()))
            yield file


def create(path: Path, *records: Record) -> None:
    """Put a log in place, whole, on disk; what stood there goes. Raises OSError."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    create_file(draft)
    with draft.open("r+b") as file:
        file.writelines(map(_line, records))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    files.sync_folder(path.parent)


def look(path: Path) -> Log | None:
    """What stands at a path, without opening it for good; None where nothing does."""
    with unavailable(PART):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
    return Log(data[: data.rfind(b"\n") + 1])


def _line(record: Record) -> bytes:
    content = canonical(record)
    return b"%08x %b\n" % (zlib.crc32(content), content)


def _read(line: bytes) -> Record:
    checksum, _, content = line.removesuffix(b"\n").partition(b" ")
    if checksum != b"%08x" % zlib.crc32(content):
        raise LogDamaged("a line of revocations.log is not what was written")
    record: Record = json.loads(content)
    return record


def _whole(file: FileIO, *, checked: bool = False) -> int:
    """Where the last whole line ends; with `checked` one that is not what was written is none."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - (_TAIL if checked else 1)))
    tail = file.read(_TAIL)
    if not checked:
        return size if tail in (b"", b"\n") else _whole(file, checked=True)
    end = tail.rfind(b"\n") + 1
    if end:
        last = tail.rfind(b"\n", 0, end - 1) + 1
        try:
            _read(tail[last:end])
        except LogDamaged:
            end = last
    return start + end
