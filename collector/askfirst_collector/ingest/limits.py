"""How much one receipt may send. In memory alone, bounded, forgotten by time.

Each worker counts for itself and a restart begins anew: this bounds work and disk, it is no
account. A receipt can so reach its daily number once a worker and once more after a restart.
"""

from __future__ import annotations

from collections import OrderedDict

MOST_A_DAY = 500  # events of one receipt
REMEMBERED = 100_000  # receipts, each day
DAYS = 2  # a clock that jumps and comes back begins no day anew


class DailyLimit:
    """At most `most` events of a receipt in a day (of UTC)."""

    def __init__(self, *, most: int = MOST_A_DAY) -> None:
        self._most = most
        # By day, the one that was counted last at the end.
        self._days: OrderedDict[int, OrderedDict[str, int]] = OrderedDict()

    def reserve(self, handle: str, day: int, wanted: int) -> int:
        """How many of `wanted` events may be stored; they count from now on."""
        counts = self._days.setdefault(day, OrderedDict())
        self._days.move_to_end(day)
        if len(self._days) > DAYS:
            self._days.popitem(last=False)
        count = counts.pop(handle, 0)
        granted = max(0, min(wanted, self._most - count))
        counts[handle] = count + granted
        if len(counts) > REMEMBERED:
            counts.popitem(last=False)
        return granted

    def give_back(self, handle: str, day: int, count: int) -> None:
        """Nothing was stored of what was reserved: a retry, or the store is away."""
        counts = self._days.get(day)
        if counts is not None and handle in counts:
            counts[handle] = max(0, counts[handle] - count)
