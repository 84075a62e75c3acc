"""Files of several processes beside each other: each takes one by a lock, and what others left."""

from __future__ import annotations

import os
import sys
from pathlib import Path

MOST = 64  # files beside each other


class Own:
    """A file that is locked by this process, appended to, or written anew as a whole."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle
        self._pid = os.getpid()
        self.size = os.fstat(handle).st_size

    def is_ours(self) -> bool:
        """Whether this process opened it, and not one it was forked from."""
        return self._pid == os.getpid()

    def read(self) -> list[bytes]:
        """Its lines."""
        with os.fdopen(os.dup(self._handle), "rb") as file:
            file.seek(0)
            return file.readlines()

    def append(self, data: bytes, *, sync: bool) -> None:
        """Add to its end, whole or not at all; with `sync`, on disk when this returns."""
        os.lseek(self._handle, self.size, os.SEEK_SET)
        try:
            _write(self._handle, data)
        except OSError:
            os.ftruncate(self._handle, self.size)
            raise
        self.size += len(data)
        if sync:
            os.fsync(self._handle)

    def rewrite(self, data: bytes) -> None:
        """Put this in place of all that is in it; after a crash the one or the other is there.

        The new content stands behind the old before anything moves; the lock stays on the file.
        """
        if data:
            draft = self.path.with_name(f".{self.path.name}.new")
            handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600)
            try:
                _write(handle, data)
                os.fsync(handle)
                _lock(handle)
                draft.replace(self.path)
            except BaseException:
                os.close(handle)
                draft.unlink(missing_ok=True)
                raise
            os.close(self._handle)
            self._handle = handle
        else:
            os.ftruncate(self._handle, 0)
            os.fsync(self._handle)
        self.size = len(data)

    def close(self) -> None:
        """Let go of it; an empty one is taken away."""
        if self.size == 0 and self.is_ours():
            self.path.unlink(missing_ok=True)
        os.close(self._handle)


def claim(path: Path) -> tuple[Own, list[bytes]]:
    """The first file that nobody has, and the lines of all that nobody has, oldest name first.

    Files that were left by processes beside this one are taken in and away.
    """
    own: Own | None = None
    lines: list[bytes] = []
    for number in range(MOST):
        name = path if number == 0 else path.with_name(f"{path.name}.{number}")
        if own is not None and not name.exists():
            continue
        file = take(name)
        if file is None:
            continue
        lines += file.read()
        if own is None:
            own = file
        else:
            # On disk under our own name before it goes under the other.
            own.rewrite(b"".join(lines))
            file.rewrite(b"")
            file.close()
    if own is None:
        raise OSError("every file of events is taken")
    return own, lines


def take(path: Path) -> Own | None:
    """The file at a path, made where it is missing, locked; None where another has it."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    os.set_inheritable(handle, False)
    try:
        _lock(handle)
        # Between opening and locking, another process may have put a new file in its place.
        if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
            path.chmod(0o600)
            return Own(path, handle)
    except OSError:
        pass
    os.close(handle)
    return None


def is_free(path: Path) -> bool:
    """Whether no process has the file at a path, as far as it may be read; it is not made."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        return lock(handle, shared=True)
    finally:
        os.close(handle)


def write_at(handle: int, data: bytes, at: int) -> None:
    """Write all of this at a place of a file; raises OSError."""
    os.lseek(handle, at, os.SEEK_SET)
    _write(handle, data)


def _write(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def lock(handle: int, *, shared: bool = False, wait: bool = False) -> bool:
    """Lock a file until its handle is closed; False where another has it and one does not wait."""
    try:
        _lock(handle, shared=shared, wait=wait)
    except BlockingIOError:
        return False
    except PermissionError:
        if wait:
            raise
        return False
    return True


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int, *, shared: bool = False, wait: bool = False) -> None:
        if not shared:  # there is no such thing here: what is on its way is not waited for
            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int, *, shared: bool = False, wait: bool = False) -> None:
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(handle, how if wait else how | fcntl.LOCK_NB)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk, as far as the system can (Windows cannot)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
