"""The time of arrival, as the clock of a site shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from ..terms.attributes import UNKNOWN, Value


@lru_cache(maxsize=16)  # of seconds as they pass
def arrival(now: float) -> Value:
    """Day, hour, minute, second of `now`: ("2026-11-22", "14", "05", "09").

    In local seconds: unix seconds whose hours in UTC are those of the clock on the wall.
    """
    try:
        moment = datetime.fromtimestamp(now, UTC)
    except (OverflowError, ValueError, OSError):
        return (UNKNOWN,)
    return (
        moment.date().isoformat(),
        f"{moment.hour:02}",
        f"{moment.minute:02}",
        f"{moment.second:02}",
    )
