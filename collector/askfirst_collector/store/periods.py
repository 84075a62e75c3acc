"""The calendar of periods: days, ISO weeks and months, all in UTC, named by their first day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from askfirst_collector.store.salts import period_end


def first_day(closes: str, day: date) -> date:
    """The first day of the period that `day` is in."""
    if closes == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if closes == "month" else day


def period_of(closes: str, now: float) -> str:
    """The period that `now` (unix seconds) is in."""
    return first_day(closes, datetime.fromtimestamp(now, UTC).date()).isoformat()


def start_of(period: str) -> int:
    """The first second (unix, UTC) of a period."""
    return int(datetime.fromisoformat(period).replace(tzinfo=UTC).timestamp())


def end_of(closes: str, period: str) -> int:
    """The first second (unix, UTC) that is no longer in the period."""
    return period_end(closes, period)


def period_after(closes: str, period: str) -> str:
    """The period that follows."""
    return period_of(closes, end_of(closes, period))


def periods_between(closes: str, first: str, last: str) -> Iterator[str]:
    """Every period that has a day within `first` to `last`, both included, oldest first."""
    period = first_day(closes, date.fromisoformat(first)).isoformat()
    while period <= last:
        yield period
        period = period_after(closes, period)
