"""The few visitors of a network who are sized, agreed on by all processes over one folder.

Each of them stands for two locked bytes of a file that stays empty: one is a keyed hash of the
network and a number below the limit, the other one of the visitor. Locks are the system's, in
memory alone, and end with their process; no process has to answer for another. The key of a period
is a file, so that all hash alike; without the locks of then it tells nothing.
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
from collections.abc import Callable, Hashable
from contextlib import suppress
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from .network_limit import KEY

FILES = 32  # the system looks through all locks of a file
KEPT = timedelta(days=62)  # that the key of a period is kept, from its first day on
MOST = 255  # visitors of a network
_NO_LOCKS = "single bytes are locked on Linux alone"
_OF_VISITORS = 1 << 62  # bytes of visitors stand above those of networks


class NetworkSlots:
    """The folder, made at the first look; its methods may raise OSError."""

    def __init__(self, folder: Path, *, urandom: Callable[[int], bytes]) -> None:
        self._folder = folder
        self._urandom = urandom
        self._held: set[tuple[int, int]] = set()  # no process is kept out by locks of its own

    def of(self, counted: Hashable, period: str) -> PeriodSlots:
        """The slots of what is counted together in a period that begins on a day (ISO 8601)."""
        return PeriodSlots(self, self._key(period), counted)

    def close(self) -> None:
        """Let go of all locks; what asks later locks again."""
        self._held.clear()
        for file in self.__dict__.pop("_files", ()):
            os.close(file)

    def is_locked(self, number: int, at: int) -> bool:
        """A byte of a file, by whichever process."""
        file = self._files[number % FILES]
        return (file, at) in self._held or _is_locked(file, at)

    def lock(self, number: int, at: int) -> bool:
        """Whether it was free; now it is not."""
        file = self._files[number % FILES]
        if (file, at) in self._held or not _lock(file, at):
            return False
        self._held.add((file, at))
        return True

    def unlock(self, number: int, at: int) -> None:
        """Give one back that `lock` had."""
        file = self._files[number % FILES]
        if (file, at) in self._held:
            self._held.discard((file, at))
            _unlock(file, at)

    @cached_property
    def _files(self) -> list[int]:
        """Open handles, by number."""
        paths = [self._folder / f"{number:02x}" for number in range(FILES)]
        return [os.open(path, os.O_RDWR | os.O_CREAT, 0o600) for path in paths]

    def _key(self, period: str) -> bytes:
        """Whoever asks first draws it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / period
        if not path.exists():
            self._forget(date.fromisoformat(period) - KEPT)
            draft = self._folder / f".{self._urandom(8).hex()}"
            handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(self._urandom(KEY))
            with suppress(FileExistsError):  # another process was first
                path.hardlink_to(draft)
            draft.unlink()
        return path.read_bytes()

    def _forget(self, before: date) -> None:
        for path in self._folder.glob("????-??-??"):
            if path.name < before.isoformat():
                path.unlink(missing_ok=True)


class PeriodSlots:
    """Who is sized of a period, in this process and, by their locks, in others."""

    def __init__(self, slots: NetworkSlots, key: bytes, counted: Hashable) -> None:
        self.key = key
        self._slots = slots
        self._counted = counted
        self._taken: list[tuple[int, int]] = []

    def take(self, network: bytes, visitor: Hashable, most: int) -> bool:
        """Whether a visitor is one of at most `most` of a network (its hash); once is for all."""
        number = int.from_bytes(self._hash(network)[:6], "big")
        mark = _OF_VISITORS | int.from_bytes(self._hash(network, visitor)[:7], "big")
        if self._slots.is_locked(number, mark):
            return True
        for at in range(number << 8, (number << 8) + min(most, MOST)):
            if not self._slots.lock(number, at):
                continue
            if self._slots.lock(number, mark):
                self._taken += (number, at), (number, mark)
            else:  # another process has counted this visitor meanwhile
                self._slots.unlock(number, at)
            return True
        return False

    def release(self) -> None:
        """Once the period is over."""
        for number, at in self._taken:
            self._slots.unlock(number, at)

    def _hash(self, *parts: Hashable) -> bytes:
        text = repr((self._counted, *parts)).encode()
        return hashlib.blake2b(text, key=self.key, digest_size=8).digest()


if sys.platform == "linux":
    import fcntl

    CAN_SHARE = True
    _FLOCK = "hhqqi"  # struct flock: type, whence, start, length, process

    def _lock(file: int, at: int) -> bool:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at, os.SEEK_SET)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _unlock(file: int, at: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, at, os.SEEK_SET)

    def _is_locked(file: int, at: int) -> bool:
        """By another process."""
        query = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, at, 1, 0)
        kind: int = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, query))[0]
        return kind != fcntl.F_UNLCK

else:
    # Elsewhere each process counts for itself: what a lock is asked by differs by system.
    CAN_SHARE = False

    def _lock(file: int, at: int) -> bool:
        raise OSError(_NO_LOCKS)

    def _unlock(file: int, at: int) -> None:
        raise OSError(_NO_LOCKS)

    def _is_locked(file: int, at: int) -> bool:
        raise OSError(_NO_LOCKS)
