"""The disk under the servers: when it ends them, and every change of it in order (`disk.c`)."""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("disk.c")
COUNT, JOURNAL, LYING = 1, 2, 4  # modes; a disk that lies says "synced" and does not
BEFORE, AFTER, TORN = 1, 2, 3  # where at the chosen change the process ends
WRITE, TRUNCATE, SYNC, CREATE, UNLINK, RENAME, LINK, MKDIR, RMDIR = range(1, 10)
_CONTROL = struct.Struct("=QQIIIIQ1024s1024sII")
_FAULT = struct.Struct("=QIIII")  # target, mode, fault, part, fired
_RECORD = struct.Struct("=QQqIIII")


def compiler() -> str | None:
    """The C compiler of this machine."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def library(folder: Path) -> Path:
    """`disk.c` compiled into a folder, once."""
    target = folder / f"disk-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}.so"
    if not target.exists():
        command = [compiler() or "cc", "-O2", "-shared", "-fPIC", "-o", str(target), str(SOURCE)]
        subprocess.run([*command, "-ldl", "-lpthread"], check=True)
    return target


@dataclass(frozen=True)
class Change:
    """One change of the folder. `begun` is, of a sync, the change at which it began."""

    sequence: int
    kind: int
    inode: int
    offset: int
    path: str
    other: str
    data: bytes

    @property
    def begun(self) -> int:
        return self.offset


class Disk:
    """One folder, watched in every process that has `environment`."""

    def __init__(self, folder: Path) -> None:
        file = folder / "control"
        file.write_bytes(bytes(4096))
        self.environment = {"LD_PRELOAD": str(library(folder)), "ASKFIRST_CRASH": str(file)}
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), 4096)

    def watch(self, folder: Path, journal: Path, mode: int) -> None:
        """From now on this folder; the count begins anew, and nothing is due."""
        names = (os.fsencode(folder), os.fsencode(journal))
        self._map[_CONTROL.size - 8 - 2048 : _CONTROL.size - 8] = b"".join(
            name.ljust(1024, b"\0") for name in names
        )
        self._map[0:8] = bytes(8)
        _FAULT.pack_into(self._map, 8, 0, mode, 0, 0, 0)

    def arm(self, fault: int, after: int, part: int = 0) -> None:
        """End the process that makes the change `after` this many from now."""
        _, mode, *_ = _FAULT.unpack_from(self._map, 8)
        _FAULT.pack_into(self._map, 8, self.sequence + after, mode, fault, part, 0)

    def disarm(self) -> None:
        """Nothing is due any more; changes are still counted."""
        _, mode, _, _, fired = _FAULT.unpack_from(self._map, 8)
        _FAULT.pack_into(self._map, 8, 0, mode, 0, 0, fired)

    @property
    def sequence(self) -> int:
        """How many changes there were."""
        number: int = struct.unpack_from("=Q", self._map, 0)[0]
        return number

    @property
    def fired(self) -> int:
        """The process that was ended, 0 while none was."""
        fired: int = _FAULT.unpack_from(self._map, 8)[4]
        pid: int = struct.unpack_from("=Q", self._map, 32)[0]
        return pid if fired else 0

    def close(self) -> None:
        self._map.close()


def read_journal(file: Path) -> Iterator[Change]:
    """Every change that was written down, in order."""
    data = file.read_bytes() if file.exists() else b""
    at = 0
    while at < len(data):
        sequence, inode, offset, kind, *lengths = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        parts = []
        for length in lengths:
            parts.append(data[at : at + length])
            at += length
        path, other = (os.fsdecode(part) for part in parts[:2])
        yield Change(sequence, kind, inode, offset, path, other, parts[2])
