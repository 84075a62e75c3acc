"""Keys as files in `keys/`: for the sites' cookies, for receipts, for the dashboard's sessions.

They are apart from `ledger.db`, so that a copy of the ledger forges nothing. Each file holds one
key a line, oldest first, 32 bytes in base64url; the newest signs, all of them verify.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

from askfirst.terms.reading import NAME
from askfirst_collector.store.faults import away

KEY = 32  # bytes


class Keys:
    """The folder of keys; a key that is asked for first is drawn, whichever process asks."""

    def __init__(self, folder: Path, *, urandom: Callable[[int], bytes]) -> None:
        self._folder = folder
        self._urandom = urandom

    def site(self, site: str) -> tuple[bytes, ...]:
        """The keys of a site's state cookie, newest last."""
        if not NAME.fullmatch(site):
            raise ValueError("a site's name is checked before its keys are asked for")
        return self._read(f"site-{site}.keys")

    def receipts(self) -> tuple[bytes, ...]:
        """The private keys (Ed25519 seeds) that sign receipts, newest last."""
        return self._read("receipts.keys")

    def dashboard(self) -> tuple[bytes, ...]:
        """The keys that sign the dashboard's session cookies, newest last."""
        return self._read("dashboard.keys")

    def _read(self, name: str) -> tuple[bytes, ...]:
        file = self._folder / name
        with away("keys"):
            if not file.exists():
                self._elect(file, self._urandom(KEY))
            lines = file.read_text("ascii").split()
        return tuple(base64.urlsafe_b64decode(line) for line in lines)

    def _elect(self, file: Path, key: bytes) -> None:
        # Written whole and on disk under another name first: a link never shows half a file, and
        # of two processes only one makes it.
        draft = file.with_name(f".{file.name}.{os.getpid()}.{self._urandom(8).hex()}")
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(base64.urlsafe_b64encode(key) + b"\n")
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
        _sync(file.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
