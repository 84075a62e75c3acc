"""What the spill files of other processes of the site say: whose grant has ended meanwhile.

A visitor may withdraw at one process while another holds events of theirs. Both wait for the
collector, and whichever comes first would decide; so the one looks at what the other has on disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_Seen = tuple[int, int, int]  # inode, size and time of change
Live = Callable[[list[bytes]], Iterator[dict[str, Any]]]


class Beside:
    """The files beside one's own; each is read again only when it has changed."""

    def __init__(self, path: Path, live: Live) -> None:
        self._path = path
        self._live = live
        self._names = re.compile(re.escape(path.name) + r"(?:\.[0-9]{1,2})?")
        self._read: dict[Path, tuple[_Seen, frozenset[str]]] = {}

    def owed(self, own: Path) -> frozenset[str]:
        """The handles of withdrawals and erasures in every file but `own`. Raises OSError."""
        found: dict[Path, tuple[_Seen, frozenset[str]]] = {}
        for path in self._path.parent.iterdir():
            if path != own and self._names.fullmatch(path.name):
                try:
                    found[path] = self._of(path)
                except FileNotFoundError:
                    continue  # told, and taken away, meanwhile
        self._read = found
        return frozenset().union(*(handles for _, handles in found.values()))

    def _of(self, path: Path) -> tuple[_Seen, frozenset[str]]:
        status = path.stat()
        seen = status.st_ino, status.st_size, status.st_mtime_ns
        before = self._read.get(path)
        if before is not None and before[0] == seen:
            return before
        entries = self._live(path.read_bytes().splitlines())
        return seen, frozenset(entry["handle"] for entry in entries if entry["k"] == "owed")
