"""The time that jobs go by: what the clock says, once that has held for a while.

Closing, destroying and purging cannot be taken back, and clocks are set wrong: by a faulty time
server, by somebody, by a machine that starts without one. So a clock is believed as far as it goes
on evenly beside seconds that nobody can set, from the last time that was seen. What it says after a
jump, to either side, counts when it has held for ten minutes; until then the time before goes on.
What was seen outlives the process, so that a start is judged like everything else: a machine that
was off for months closes what is due ten minutes after it is on.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from askfirst_collector.services import Services
from askfirst_collector.store.job_times import note_times, read_times

log = logging.getLogger("askfirst.collector")

TOLERANCE = 60  # seconds by which a clock may be set without being doubted
HOLD = 600  # seconds for which another time has to hold
NOTE = 60  # seconds between two notes of what was seen

# In the table of jobs: the time last believed; what the clock said first and last when it was not.
_BELIEVED, _FIRST, _LAST = "clock", "clock-doubted", "clock-looked"


@dataclass(frozen=True, slots=True)
class Doubt:
    """From when to when (unix seconds by a doubted clock) it went on evenly."""

    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Seen:
    """The time (unix seconds) that was believed last, and whether the clock said another."""

    believed: float
    doubt: Doubt | None = None

    def agrees(self, wall: float) -> bool:
        """Whether a clock that is looked at anew may be believed at once."""
        return -TOLERANCE <= wall - self.believed <= HOLD


def even_seconds() -> float:
    """Seconds that nobody can set; on Linux they go on while the machine sleeps."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class TrustedClock:
    """The clock of one process, from what was `seen` before it; `monotonic` are even seconds."""

    def __init__(
        self, now: Callable[[], float], monotonic: Callable[[], float], record: Seen | None
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        wall, ticks = now(), monotonic()
        self._anchor = (wall, ticks)
        self._other: tuple[float, float] | None = None  # where another time began to hold
        self._wall = wall
        self._said: float | None = None  # when a doubt was logged last
        self._logged = False  # whether the present one was
        if record is None or record.agrees(wall):
            return
        self._anchor = (record.believed, ticks)
        doubt = record.doubt
        if doubt is not None and 0 <= wall - doubt.last <= NOTE + TOLERANCE:
            # Another process began to watch it, and was followed by this one.
            duration = doubt.last - doubt.first
            self._other = (wall - duration, ticks - duration)

    def __call__(self) -> float:
        """The time to go by, in unix seconds."""
        wall, ticks = present = self._now(), self._monotonic()
        self._wall = wall
        if _even(self._anchor, present):
            self._believe("the clock is right again")
            # Not at each look: a clock that creeps is one that jumps.
            if ticks - self._anchor[1] >= HOLD:
                self._anchor = present
            return wall
        if self._other is None or not _even(self._other, present):
            self._other = present
        if ticks - self._other[1] >= HOLD:
            self._anchor = present
            self._believe("the clock has held for ten minutes and is believed")
            return wall
        expected = self._anchor[0] + ticks - self._anchor[1]
        self._doubt(wall - expected, ticks)
        return expected

    @property
    def seen(self) -> Seen:
        """What the next process is to know."""
        expected = self._anchor[0] + self._monotonic() - self._anchor[1]
        if self._other is None:
            return Seen(expected)
        return Seen(expected, Doubt(self._other[0], self._wall))

    def _doubt(self, off: float, ticks: float) -> None:
        # A clock that jumps to and fro is told of once.
        if self._said is None or ticks - self._said >= HOLD:
            self._said, self._logged = ticks, True
            log.warning(
                "askfirst.W143 the clock is %+.0f seconds from what was seen: nothing is closed or"
                " removed by it until it has held for ten minutes",
                off,
            )

    def _believe(self, why: str) -> None:
        self._other = None
        if self._logged:
            self._logged = False
            log.warning("askfirst.W144 %s", why)


def _even(start: tuple[float, float], present: tuple[float, float]) -> bool:
    """Whether both went on alike between two looks."""
    return abs((present[0] - start[0]) - (present[1] - start[1])) <= TOLERANCE


def read_seen(parts: Services) -> Seen | None:
    """What was noted last, by whichever process; None in a folder whose jobs never ran.

    Raises CollectorUnavailable.
    """
    times = read_times(parts.engine, (_BELIEVED, _FIRST, _LAST, "close"))
    believed = times.get(_BELIEVED, times.get("close"))
    if believed is None:
        return None
    doubted = _FIRST in times and _LAST in times
    return Seen(believed, Doubt(times[_FIRST], times[_LAST]) if doubted else None)


def note_seen(parts: Services, record: Seen) -> None:
    """Note it for the next process. Raises CollectorUnavailable."""
    if record.doubt is None:
        note_times(parts.engine, {_BELIEVED: record.believed}, forget=(_FIRST, _LAST))
    else:
        doubt = {_FIRST: record.doubt.first, _LAST: record.doubt.last}
        note_times(parts.engine, {_BELIEVED: record.believed, **doubt})


class JobClock:
    """A trusted clock over a collector's parts: begun by what was noted, noted as it goes on."""

    def __init__(self, parts: Services, monotonic: Callable[[], float]) -> None:
        self._parts = parts
        self._monotonic = monotonic
        self._clock = TrustedClock(parts.now, monotonic, read_seen(parts))
        self._noted: tuple[float, bool] | None = None

    def __call__(self) -> float:
        """The time to go by. Raises CollectorUnavailable."""
        present, ticks = self._clock(), self._monotonic()
        record = self._clock.seen
        doubted = record.doubt is not None
        if self._noted is None or self._noted[1] != doubted or ticks - self._noted[0] >= NOTE:
            note_seen(self._parts, record)
            self._noted = (ticks, doubted)
        return present
