"""How much one receipt may send, and one site store.

Of receipts: in memory alone, bounded, forgotten by time. Each worker counts for itself and a
restart begins anew: this bounds work and disk, it is no account. A receipt can so reach its daily
number once a worker and once more after a restart.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from askfirst_collector.catalogue.sites import Site
from askfirst_collector.ingest.idempotency import date_of
from askfirst_collector.store.events import Row

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


LOOKS = 20  # a day at least, at how many rows of a full site there are
FEWEST = 100  # rows between two looks
SPARE = 10  # a tenth more for rows that only count what was dropped


@dataclass(slots=True)
class _Day:
    """What a worker knows of one site on one day."""

    number: int
    counted: int | None = None  # rows in the store at the last look
    own: int = 0  # of this worker since then
    longer: int = 0  # of this worker, in periods that are longer than the day
    looking: bool = False


class SiteLimit:
    """At most `site.rows_a_day` rows of a site in a day (of UTC), whichever workers store them.

    Rows of periods of a day are counted in the store, so that workers count together and a restart
    forgets nothing; each worker looks again after a twentieth of the limit, or 100 rows, and goes
    beyond it by no more than that. Rows of longer periods do not say their day: each worker counts
    its own, since it began.
    """

    def __init__(self, rows_on: Callable[[str, str], int]) -> None:
        self._rows_on = rows_on
        self._days: dict[str, _Day] = {}

    async def look(self, site: Site, day: int) -> None:
        """Count what is stored where it is time to; before anything is reserved."""
        known = self._day(site.name, day)
        step = max(site.rows_a_day // LOOKS, FEWEST)
        if (known.counted is None or known.own >= step) and not known.looking:
            await self._look(known, site.name, day)

    def reserve(self, site: Site, day: int, rows: Sequence[Row], *, spare: bool = False) -> int:
        """How many of these rows, from the first on, may be stored; they count from now on."""
        if not rows:
            return 0
        known = self._day(site.name, day)
        most = site.rows_a_day + (site.rows_a_day // SPARE + 1 if spare else 0)
        room = most - (known.counted or 0) - known.own - known.longer
        fitting = max(0, min(len(rows), room))
        self._add(known, rows[:fitting], 1)
        return fitting

    def give_back(self, site: Site, day: int, rows: Sequence[Row]) -> None:
        """These were not stored: a retry, or the store is away."""
        known = self._days.get(site.name)
        if known is not None and known.number == day:
            self._add(known, rows, -1)

    def _day(self, name: str, day: int) -> _Day:
        known = self._days.get(name)
        if known is None or known.number != day:
            known = self._days[name] = _Day(day)
        return known

    async def _look(self, known: _Day, name: str, day: int) -> None:
        known.looking = True
        before = known.own
        try:
            known.counted = await asyncio.to_thread(self._rows_on, name, date_of(day))
            # What was reserved meanwhile may be in the count or not: it is counted again.
            known.own -= before
        finally:
            known.looking = False

    def _add(self, known: _Day, rows: Sequence[Row], sign: int) -> None:
        days = sum(row.closes == "day" for row in rows)
        known.own += sign * days
        known.longer += sign * (len(rows) - days)
