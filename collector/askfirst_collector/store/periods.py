"""The calendar of periods: days, ISO weeks and months of a site's time zone, by their first day.

Local time is kept as *local seconds*: unix seconds whose hours in UTC read as the clock on the wall
does. A day of 23 or 25 hours has its local seconds like any other; those of a repeated hour come
twice. When a site changes its zone, local time stands still until the new zone's clock has caught
up, or jumps ahead: the running period gets longer or shorter, and no moment is in two or in none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from askfirst.terms.time_zone import first_day

DAY = 86_400  # seconds
ONE_DAY = timedelta(days=1)
_EPOCH = date(1970, 1, 1)


class Calendar:
    """The days of a site. `zones` are the IANA names it had, each with the moment it began.

    Raises ZoneInfoNotFoundError for a zone that this machine does not know.
    """

    def __init__(self, zones: Iterable[tuple[float, str]] = ()) -> None:
        changes: list[tuple[float, str]] = []
        for moment, name in zones:
            if not changes:
                changes.append((-math.inf, name))
            elif name != changes[-1][1]:
                changes.append((max(moment, changes[-1][0]), name))
        changes = changes or [(-math.inf, "UTC")]
        self.zone = changes[-1][1]  # the name of the newest
        # Of each zone: since when, until when, and the local time that was reached before it.
        self._zones: list[tuple[float, float, ZoneInfo, float]] = []
        reached = -math.inf
        for (begun, name), (until, _) in pairwise([*changes, (math.inf, "")]):
            zone = ZoneInfo(name)
            self._zones.append((begun, until, zone, reached))
            if until < math.inf:
                reached = max(reached, _wall(zone, until))
        self._start = lru_cache(maxsize=512)(self._find_start)  # asked for with every event
        self._last_second = (-1, 0)  # the one that was asked for last, and what it is locally
        self._last = (0, 0, _EPOCH)  # the day that was asked for last: its start, end and name

    def day_of(self, now: float) -> date:
        """The day that `now` (unix seconds) is in."""
        start, end, day = self._last
        if start <= now < end:
            return day
        day = _date(self._reading(now))
        # Where clocks are set over midnight, the first time that a day begins counts.
        while self._start(day + ONE_DAY) <= now:
            day += ONE_DAY
        while self._start(day) > now:
            day -= ONE_DAY
        self._last = self._start(day), self._start(day + ONE_DAY), day
        return day

    def clock(self, now: float) -> int:
        """The local seconds of `now`, always within the day that it is in."""
        second, local = self._last_second
        if second != int(now):
            local = self._local_second(now)
            self._last_second = int(now), local
        return local

    def _local_second(self, now: float) -> int:
        midnight = local_midnight(self.day_of(now))
        return min(max(int(self._reading(now)), midnight), midnight + DAY - 1)

    def period_of(self, closes: str, now: float) -> str:
        """The period that `now` (unix seconds) is in."""
        return first_day(closes, self.day_of(now)).isoformat()

    def start_of(self, period: str) -> int:
        """The first second (unix) of a period."""
        return self._start(date.fromisoformat(period))

    def end_of(self, closes: str, period: str) -> int:
        """The first second (unix) that is no longer in the period."""
        return self.start_of(period_after(closes, period))

    def _find_start(self, day: date) -> int:
        wanted = local_midnight(day)
        for begun, until, zone, reached in self._zones:
            if reached >= wanted:
                return math.ceil(begun)
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
            first = max(midnight, begun)
            if first < until:
                return math.ceil(first)
        raise AssertionError("the last zone has no end")

    def _reading(self, now: float) -> float:
        for _, until, zone, reached in self._zones:
            if now < until:
                return max(reached, _wall(zone, now))
        raise AssertionError("the last zone has no end")


IN_UTC = Calendar()
# The calendar of a site, by its name.
CalendarOf = Callable[[str], Calendar]


def local_midnight(day: date) -> int:
    """The local seconds with which a day begins."""
    return (day - _EPOCH).days * DAY


@lru_cache(maxsize=4096)  # ten years of days: pages go through them one by one
def period_after(closes: str, period: str) -> str:
    """The period that follows."""
    first = date.fromisoformat(period)
    days = {"day": 1, "week": 7}.get(closes, 32)
    return first_day(closes, first + timedelta(days=days)).isoformat()


def periods_between(closes: str, first: str, last: str) -> Iterator[str]:
    """Every period that has a day within `first` to `last`, both included, oldest first."""
    period = first_day(closes, date.fromisoformat(first)).isoformat()
    while period <= last:
        yield period
        period = period_after(closes, period)


def _wall(zone: ZoneInfo, now: float) -> float:
    offset = datetime.fromtimestamp(now, zone).utcoffset()
    return now + (offset.total_seconds() if offset else 0.0)


def _date(local: float) -> date:
    return datetime.fromtimestamp(local, UTC).date()
