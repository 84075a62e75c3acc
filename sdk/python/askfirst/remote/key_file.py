"""A file of keys: one a line, oldest first, 32 bytes in base64url; the newest signs."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

from askfirst.errors import Unusable, WrongSetting
from askfirst.spool.files import sync_folder

KEY = 32  # bytes


def read_key_file(file: Path, *, urandom: Callable[[int], bytes]) -> tuple[bytes, ...]:
    """The keys of a file, newest last; one that is missing is made (0600) with one key in it.

    Of several processes that make it, all read the key of the first. Raises OSError, and
    ValueError for what holds no keys.
    """
    if not file.exists():
        _elect(file, urandom)
    keys = tuple(base64.urlsafe_b64decode(line) for line in file.read_text("ascii").split())
    if not keys or any(len(key) != KEY for key in keys):
        raise ValueError(f"each line must hold {KEY} bytes in base64url")
    return keys


def add_key(file: Path, *, urandom: Callable[[int], bytes]) -> tuple[bytes, ...]:
    """Draw a key that signs from now on; the older ones stay, and verify. Returns all of them.

    Whoever reads the file meanwhile reads the old one or the new one, whole. Raises as
    `read_key_file`.
    """
    keys = (*read_key_file(file, urandom=urandom), urandom(KEY))
    lines = b"".join(base64.urlsafe_b64encode(key) + b"\n" for key in keys)
    draft = file.with_name(f".{file.name}.{os.getpid()}.{urandom(8).hex()}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            out.write(lines)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(file.parent)
    return keys


def remove_key_file(file: Path) -> None:
    """Destroy the keys of a file; harmless where there is none. Raises OSError."""
    file.unlink(missing_ok=True)
    sync_folder(file.parent)


def _elect(file: Path, urandom: Callable[[int], bytes]) -> None:
    # Written whole and on disk under another name first: a link never shows half a file, and of
    # two processes only one makes it.
    line = base64.urlsafe_b64encode(urandom(KEY)) + b"\n"
    draft = file.with_name(f".{file.name}.{os.getpid()}.{urandom(8).hex()}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(line)
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return
        finally:
            draft.unlink()
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def keys_of(
    source: Path | str | tuple[bytes, ...], urandom: Callable[[int], bytes]
) -> tuple[bytes, ...]:
    """Keys of 32 bytes, or those of a file; raises WrongSetting and Unusable."""
    if isinstance(source, tuple):
        if not source or any(not isinstance(key, bytes) or len(key) != 32 for key in source):
            raise WrongSetting("E032", "cookie_keys", "…", "give keys of 32 bytes, or their file")
        return source
    try:
        keys = read_key_file(file := Path(source).absolute(), urandom=urandom)
        if os.name != "nt" and file.stat().st_mode & 0o077:
            raise Unusable(source, "others may read it: chmod 600")
    except (OSError, ValueError) as error:
        raise Unusable(source, f"it cannot be read as keys ({error})") from error
    return keys
