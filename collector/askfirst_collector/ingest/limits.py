"""How much one receipt may send. In memory alone, bounded, forgotten by time.

Each worker counts for itself and a restart begins anew: this bounds work and disk, it is no
account. A receipt can so reach its daily number once a worker and once more after a restart.
"""

from __future__ import annotations

from collections import OrderedDict

MOST_A_DAY = 500  # events of one receipt
REMEMBERED = 100_000  # receipts


class DailyLimit:
    """At most `most` events of a receipt in a day (of UTC)."""

    def __init__(self, *, most: int = MOST_A_DAY) -> None:
        self._most = most
        self._day = -1
        self._counts: OrderedDict[str, int] = OrderedDict()

    def reserve(self, handle: str, day: int, wanted: int) -> int:
        """How many of `wanted` events may be stored; they count from now on."""
        if day != self._day:
            self._counts.clear()
            self._day = day
        count = self._counts.pop(handle, 0)
        granted = max(0, min(wanted, self._most - count))
        self._counts[handle] = count + granted
        if len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        return granted

    def give_back(self, handle: str, day: int, count: int) -> None:
        """Nothing was stored of what was reserved: a retry, or the store is away."""
        if day == self._day and handle in self._counts:
            self._counts[handle] = max(0, self._counts[handle] - count)
