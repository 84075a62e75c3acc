"""Keys as files in `keys/`: for cookies, receipts, checkpoints, and sessions of the dashboard.

They are apart from `ledger.db`, so that a copy of the ledger forges nothing. The newest key of a
file signs, all of them verify.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from askfirst.remote.key_file import read_key_file, remove_key_file
from askfirst.terms.reading import NAME
from askfirst_collector.store.faults import unavailable


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

    def ledger(self) -> tuple[bytes, ...]:
        """The private keys (Ed25519 seeds) that sign checkpoints of the ledger, newest last."""
        return self._read("ledger.keys")

    def dashboard(self) -> tuple[bytes, ...]:
        """The keys that sign the dashboard's session cookies, newest last."""
        return self._read("dashboard.keys")

    def forget_site(self, site: str) -> None:
        """Destroy the keys of a site's state cookie; twice is harmless."""
        with unavailable("keys"):
            remove_key_file(self._folder / f"site-{site}.keys")

    def _read(self, name: str) -> tuple[bytes, ...]:
        with unavailable("keys"):
            return read_key_file(self._folder / name, urandom=self._urandom)
