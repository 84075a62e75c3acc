"""Whether two places have the same rows, in whatever order each gives them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_HALF = 1 << 64


@dataclass
class Tally:
    """How many rows there were, and the sums of their hashes."""

    count: int = 0
    first: int = 0  # of the first eight bytes of each, as a server adds them up: modulo 2^64
    second: int = 0  # of the next eight

    def add(self, row: bytes) -> None:
        """One more."""
        self.count += 1
        digest = hashlib.sha256(row).digest()
        self.first = (self.first + int.from_bytes(digest[:8], "little")) % _HALF
        self.second = (self.second + int.from_bytes(digest[8:16], "little")) % _HALF

    def through(self, rows: Iterable[bytes]) -> Iterator[bytes]:
        """The same rows, counted as they pass."""
        for row in rows:
            self.add(row)
            yield row
