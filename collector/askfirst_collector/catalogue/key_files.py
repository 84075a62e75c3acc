"""Keys as files in `keys/`: for cookies, receipts, checkpoints, and sessions of the dashboard.

They are apart from `ledger.db`, so that a copy of the ledger forges nothing. The newest key of a
file signs, all of them verify.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from askfirst.remote.key_file import add_key, read_key_file, remove_key_file
from askfirst.terms.reading import NAME
from askfirst_collector.store.faults import unavailable
from askfirst_collector.store.machines import Machines

_COMPROMISED = "receipts.compromised"  # a line a key: its kid, and the hour it was named


class Keys:
    """The folder of keys; a key that is asked for first is drawn, whichever process asks.

    Where several machines share a ledger they have the same keys, which it passes on.
    """

    def __init__(
        self,
        folder: Path,
        *,
        urandom: Callable[[int], bytes],
        machines: Machines | None = None,
    ) -> None:
        self._folder = folder
        self._urandom = urandom
        self._machines = machines

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

    def rotate(self, kind: str) -> tuple[bytes, ...]:
        """Draw a key of a kind (`receipts`, `ledger`) that signs from now on; all there are."""
        self._read(f"{kind}.keys")
        file = self._folder / f"{kind}.keys"
        with unavailable("keys"):
            keys = add_key(file, urandom=self._urandom)
        self._give(file)
        return keys

    def compromised(self) -> dict[str, str]:
        """The keys of receipts that got into other hands, by `kid`, and since when it is known."""
        file = self._folder / _COMPROMISED
        if self._machines is not None:
            with unavailable("keys"):
                self._machines.share(file, lambda: file.touch(mode=0o600))
        with unavailable("keys"):
            lines = file.read_text("ascii").splitlines() if file.exists() else []
        return dict(line.split(" ", 1) for line in lines if " " in line)

    def name_compromised(self, kids: Iterable[str], hour: str) -> None:
        """Say of keys that they got into other hands; one that was named stays as it was."""
        known = self.compromised()
        new = [f"{kid} {hour}\n" for kid in kids if kid not in known]
        with unavailable("keys"), (self._folder / _COMPROMISED).open("a", encoding="ascii") as out:
            out.writelines(new)
            out.flush()
            os.fsync(out.fileno())
        self._give(self._folder / _COMPROMISED)

    def forget_site(self, site: str) -> None:
        """Destroy the keys of a site's state cookie; twice is harmless."""
        with unavailable("keys"):
            remove_key_file(self._folder / f"site-{site}.keys")
        self._give(self._folder / f"site-{site}.keys")

    def _read(self, name: str) -> tuple[bytes, ...]:
        file = self._folder / name
        with unavailable("keys"):
            if self._machines is not None:
                self._machines.share(file, lambda: read_key_file(file, urandom=self._urandom))
            return read_key_file(file, urandom=self._urandom)

    def _give(self, file: Path) -> None:
        if self._machines is not None:
            self._machines.give(file)
