"""Time zones by their names in the IANA database, and the periods of their days."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import cache

UTC_NAME = "UTC"
ZONE_ADVICE = "write an IANA name such as 'Europe/Berlin', or 'UTC'"


def time_zone_problem(name: str) -> str:
    """What to write instead of a name that is none; "" for one that is.

    A name says an area and a place (`Europe/Berlin`), so that its days of 23 and 25 hours are
    known; `localtime`, which is another zone on another machine, is none.
    """
    if name == UTC_NAME:
        return ""
    names = _names()
    if not names:
        return (
            "this machine has no time zones: install the package 'tzdata' "
            "(pip install tzdata), or write 'UTC'"
        )
    if "/" in name and name in names:
        return ""
    exact = {known.lower(): known for known in names}
    close = get_close_matches(name.lower().replace(" ", "_"), exact, n=1)
    places = {known.rpartition("/")[2].lower(): known for known in sorted(names)}
    close = close or get_close_matches(name.lower().replace(" ", "_"), places, n=1, cutoff=0.8)
    meant = exact.get(close[0]) or places[close[0]] if close else ""
    advice = f"did you mean {meant!r}?" if meant else ZONE_ADVICE
    return f"there is no such time zone: {advice}"


@cache
def _names() -> frozenset[str]:
    return frozenset(
        name for name in zoneinfo.available_timezones() if "/" in name or name == UTC_NAME
    )


def first_day(closes: str, day: date) -> date:
    """The first day of the day, ISO week or month that `day` is in."""
    if closes == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if closes == "month" else day


def period_in(zone: str, closes: str, now: float) -> str:
    """The first day of the period that `now` (unix seconds) is in by an IANA zone's clock."""
    day = datetime.fromtimestamp(now, zoneinfo.ZoneInfo(zone)).date()
    return first_day(closes, day).isoformat()
