"""`EventFile`: events that a collector has not acknowledged yet, so that a restart forgets none.

One JSON text a line, appended and on disk before the caller goes on. What is done is struck out by
a line of its own; the file is written anew when it has grown, and emptied when nothing is left.
It holds handles and what was made less precise already, never a secret (0600).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from askfirst.log_fault import log, log_fault

from . import files

# Whose events are to go: those of these purposes, or all of them.
Purposes = frozenset[str] | None

HOUR = 3600  # seconds
LIFE = 24 * HOUR  # seconds that events are kept at most
LARGEST = 8_000_000  # bytes of the file


class EventFile:
    """The file of one process; others beside it have files of their own, `path`.1 and so on.

    Safe in any thread, and opened at first use, so that a process may fork before. A disk that
    cannot be written is logged: what waits is then in memory alone. `now` gives unix seconds.
    """

    def __init__(
        self, path: Path | str, *, now: Callable[[], float], largest: int = LARGEST
    ) -> None:
        self._path = Path(path).absolute()
        self._now = now
        self._largest = largest
        self._lock = threading.RLock()
        self._file: files.Own | None = None
        self._live: dict[str, dict[str, Any]] = {}
        self._adopted: list[str] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._live)

    def adopt(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What earlier processes left, oldest first, as (key, what); each of it once."""
        with self._lock:
            self._open()
            adopted, self._adopted = self._adopted, []
            events = [(key, self._live[key]) for key in adopted if key in self._live]
            return [(key, entry["what"]) for key, entry in events]

    def _open(self) -> None:
        if self._file is not None:
            if self._file.is_ours():
                return
            self._file.close()
        self._file, self._live = None, {}
        try:
            self._file, lines = files.claim(self._path)
        except OSError as error:
            log_fault("opening the file of events", error)
            return
        self._live = {self._key(): event for event in _live(lines)}
        self._adopted = list(self._live)
        self._expire()
        self._rewrite()

    def add(self, handle: str, what: Mapping[str, Any], *, promised: bool = False) -> str | None:
        """Keep one thing; its key, by which it is struck out. On disk when this returns.

        None where that failed: then it is in its caller's memory alone. What is `promised` to
        somebody does not go to make room for what comes later, and is not taken in without.
        """
        with self._lock:
            self._open()
            if self._file is None:
                return None
            key = self._key()
            entry = {"handle": handle, "hour": self._hour(), "what": dict(what)}
            if promised:
                entry["promised"] = True
                if self._size() + len(_line({"id": key, **entry})) > self._largest:
                    return None
            self._live[key] = entry
            if self._size() > self._largest:
                self._make_room()
            elif not self._append({"id": key, **entry}, sync=True):
                del self._live[key]
            return key if key in self._live else None

    def done(self, key: str) -> None:
        """Strike one thing out."""
        with self._lock:
            if self._live.pop(key, None) is None:
                return
            if not self._live:
                self._rewrite()
            else:
                self._append({"done": key}, sync=False)
                if self._size() > self._largest:
                    self._rewrite()

    def forget(self, handle: str, purposes: Purposes = None) -> None:
        """Take the events of a handle out of the file, at once: they were taken back."""
        with self._lock:
            for key, entry in [*self._live.items()]:
                if entry["handle"] == handle:
                    rest = without(entry["what"], purposes)
                    if rest is None:
                        del self._live[key]
                    else:
                        self._live[key] = {**entry, "what": dict(rest)}
            # What was struck out before stands there still.
            if self._size():
                self._rewrite()

    def expire(self) -> frozenset[str]:
        """Take out events that are a day old; the keys of those still here."""
        with self._lock:
            if self._expire():
                self._rewrite()
            return frozenset(self._live)

    def close(self) -> None:
        """Let the file go; what is in it is for the next process."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file = None

    def _expire(self) -> bool:
        # Hours are rounded down, so nothing is kept for longer than LIFE.
        oldest = self._now() - LIFE
        old = [key for key, entry in self._live.items() if entry["hour"] * HOUR <= oldest]
        for key in old:
            del self._live[key]
        return bool(old)

    def _make_room(self) -> None:
        events = [key for key, entry in self._live.items() if not entry.get("promised")]
        size = self._rewrite()
        gone = 0
        for key in events:
            if size <= self._largest * 3 // 4:
                break
            size -= len(_line({"id": key, **self._live.pop(key)}))
            gone += 1
        if gone:
            log.warning("askfirst.W031 the file of events is full: %d events are dropped", gone)
            self._rewrite()

    def _key(self) -> str:
        self._count += 1
        return f"{os.getpid():x}-{self._count}"

    def _hour(self) -> int:
        return int(self._now() // HOUR)

    def _size(self) -> int:
        return self._file.size if self._file is not None else 0

    def _append(self, entry: Mapping[str, Any], *, sync: bool) -> bool:
        try:
            if self._file is not None:
                self._file.append(_line(entry), sync=sync)
        except OSError as error:
            log_fault("writing the file of events", error)
            return False
        return True

    def _rewrite(self) -> int:
        whole = b"".join(_line({"id": key, **entry}) for key, entry in self._live.items())
        try:
            if self._file is not None:
                self._file.rewrite(whole)
        except OSError as error:
            log_fault("writing the file of events", error)
        return len(whole)


def without(batch: Mapping[str, Any], purposes: Purposes) -> Mapping[str, Any] | None:
    """What is left of a batch: itself where none of its events is of these purposes, or None."""
    if purposes is None:
        return None
    events = batch.get("events", ())
    rest = [event for event in events if event.get("purpose") not in purposes]
    if len(rest) == len(events):
        return batch
    return {**batch, "events": rest} if rest else None


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


def _live(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    """The entries that were not struck out; a line that broke off is passed over."""
    events: dict[str, dict[str, Any]] = {}
    for line in lines:
        try:
            entry = json.loads(line)
            if "done" in entry:
                events.pop(entry["done"], None)
            elif isinstance(entry["what"], dict):
                events[entry["id"]] = {
                    "handle": str(entry["handle"]),
                    "hour": int(entry["hour"]),
                    "what": entry["what"],
                    **({"promised": True} if entry.get("promised") is True else {}),
                }
        except (ValueError, LookupError, TypeError, RecursionError):
            continue
    return iter(events.values())
