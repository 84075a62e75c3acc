"""The calendar of periods: days by the clock of a time zone, and what a change of zone does."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst_collector.store.periods import (
    DAY,
    IN_UTC,
    Calendar,
    local_midnight,
    period_after,
    periods_between,
)

HOUR = 3600
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
zones = st.sampled_from(ZONES)
# Years in which clocks were set at midnight, and in which Apia left a day out.
moments = st.integers(int(datetime(2009, 1, 1, tzinfo=UTC).timestamp()), 1_830_000_000)


def stamp(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


def hours_of(zone: str, day: str) -> float:
    calendar = Calendar([(0, zone)])
    return (calendar.end_of("day", day) - calendar.start_of(day)) / HOUR


@pytest.mark.parametrize(
    ("closes", "period", "end"),
    [
        ("day", "2026-12-31", stamp(2027, 1, 1)),
        ("day", "2028-02-28", stamp(2028, 2, 29)),
        ("week", "2026-12-28", stamp(2027, 1, 4)),
        ("month", "2026-12-01", stamp(2027, 1, 1)),
        ("month", "2028-02-01", stamp(2028, 3, 1)),
    ],
)
def test_periods_end(closes: str, period: str, end: int) -> None:
    """A period ends where the next one begins, over years and leap days."""
    assert IN_UTC.end_of(closes, period) == end


def test_a_day_has_the_hours_that_its_clock_has() -> None:
    """Days of 23 and 25 hours, of half an hour more or less, and of offsets that are no hours."""
    assert hours_of("Europe/Berlin", "2026-03-29") == 23
    assert hours_of("Europe/Berlin", "2026-10-25") == 25
    assert hours_of("Europe/Berlin", "2026-10-26") == 24
    # Clocks went from 00:00 to 01:00, and back at 24:00: midnight was not there, or nearly twice.
    assert hours_of("America/Sao_Paulo", "2018-11-04") == 23
    assert hours_of("America/Sao_Paulo", "2018-02-17") == 25
    assert hours_of("Australia/Lord_Howe", "2026-04-05") == 24.5
    assert hours_of("Australia/Lord_Howe", "2026-10-04") == 23.5
    assert Calendar([(0, "Asia/Kathmandu")]).start_of("2026-11-22") == stamp(2026, 11, 21, 18, 15)
    # Apia went to the other side of the date line, and had no 30 December.
    assert hours_of("Pacific/Apia", "2011-12-30") == 0
    week = Calendar([(0, "Europe/Berlin")])
    assert week.end_of("week", "2026-10-19") - week.start_of("2026-10-19") == 7 * DAY + HOUR


def test_a_repeated_hour_has_the_same_name_twice() -> None:
    """Hours are those of the clock on the wall: 02:30 comes twice when summer time ends."""
    berlin = Calendar([(0, "Europe/Berlin")])
    first, second = (berlin.clock(stamp(2026, 10, 25, hour, 30)) for hour in (0, 1))
    assert first == second == local_midnight(date(2026, 10, 25)) + 2 * HOUR + HOUR // 2
    lord_howe = Calendar([(0, "Australia/Lord_Howe")])
    assert lord_howe.clock(stamp(2026, 4, 4, 14, 45)) == lord_howe.clock(stamp(2026, 4, 4, 15, 15))


@given(zones, zones, moments, st.lists(st.integers(-3 * DAY, 3 * DAY), min_size=2, max_size=8))
def test_every_moment_is_in_one_day(old: str, new: str, change: int, around: list[int]) -> None:
    """Of any two zones: days follow each other, a moment is in its day, and no day comes back."""
    calendar = Calendar([(0, old), (change, new)])
    times = sorted(change + offset for offset in around)
    days = [calendar.day_of(time) for time in times]
    assert days == sorted(days)
    for time, day in zip(times, days, strict=True):
        fresh = Calendar([(0, old), (change, new)])
        assert fresh.day_of(time) == day
        assert calendar.start_of(day.isoformat()) <= time
        assert time < calendar.end_of("day", day.isoformat())
        assert local_midnight(day) <= calendar.clock(time) < local_midnight(day) + DAY
        # What is before the change stays as it was.
        if time < change:
            assert Calendar([(0, old)]).day_of(time) == day
        for closes in ("week", "month"):
            period = calendar.period_of(closes, time)
            assert calendar.start_of(period) <= time < calendar.end_of(closes, period)


def test_a_change_of_zone_makes_the_running_day_longer_or_shorter() -> None:
    """Nothing comes twice, and nothing is left out: local time stands still, or jumps ahead."""
    noon = stamp(2026, 11, 22, 12)
    west = Calendar([(0, "Pacific/Kiritimati"), (noon, "Pacific/Pago_Pago")])
    # 02:00 on the 23rd there, 01:00 on the 22nd here: the 23rd lasts until it ends here too.
    assert west.day_of(noon - 1) == west.day_of(noon) == date(2026, 11, 23)
    assert (
        west.clock(noon)
        == west.clock(noon + 20 * HOUR)
        == local_midnight(date(2026, 11, 23)) + 2 * HOUR
    )
    assert west.end_of("day", "2026-11-23") == Calendar([(0, "Pacific/Pago_Pago")]).end_of(
        "day", "2026-11-23"
    )
    east = Calendar([(0, "Pacific/Pago_Pago"), (noon, "Pacific/Kiritimati")])
    assert east.day_of(noon - 1) == date(2026, 11, 22)
    assert east.day_of(noon) == date(2026, 11, 23)
    assert east.end_of("day", "2026-11-22") == east.start_of("2026-11-23") == noon
    days = list(periods_between("day", "2026-11-20", "2026-11-26"))
    for calendar in (west, east):
        bounds = [(calendar.start_of(day), calendar.end_of("day", day)) for day in days]
        assert all(one[1] == two[0] for one, two in pairwise(bounds))


def test_a_zone_that_came_back_counts_from_then_on() -> None:
    """Twice the same zone in a row is no change; going back is one."""
    begun, later = stamp(2026, 11, 22), stamp(2026, 11, 24)
    calendar = Calendar([(0, "UTC"), (1, "UTC"), (begun, "Asia/Kathmandu"), (later, "UTC")])
    assert calendar.zone == "UTC"
    assert calendar.start_of("2026-11-22") == begun
    assert calendar.start_of("2026-11-24") == later - 5 * HOUR - 45 * 60
    assert calendar.start_of("2026-11-25") == stamp(2026, 11, 25)
    assert period_after("day", "2026-11-24") == str(date(2026, 11, 24) + timedelta(days=1))
