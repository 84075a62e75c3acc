"""Rounding to base 5 by a keyed rule: the same count reads the same wherever it stands."""

from __future__ import annotations

import hmac

BASE = 5


class Rounding:
    """Unbiased rounding of counts, decided by the count alone and the key of a site's period.

    Each block of five has one secret threshold: what is above it goes up. So equal counts look
    equal in every table and every purpose (asking the same set in many ways averages nothing
    out), a part never reads larger than its whole, and over many periods the errors cancel.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._thresholds: dict[int, int] = {}

    def rounded(self, count: int) -> int:
        """The multiple of five below or above; never 0 for something that is shown."""
        block, rest = divmod(count, BASE)
        up = rest > self._threshold(block) or (rest > 0 and block == 0)
        return (block + (1 if up else 0)) * BASE

    def _threshold(self, block: int) -> int:
        if block not in self._thresholds:
            mac = hmac.digest(self._key, b"rounding\0" + block.to_bytes(8, "big"), "sha256")
            self._thresholds[block] = int.from_bytes(mac[:8], "big") % BASE
        return self._thresholds[block]
