"""Today's visitors so far."""

from __future__ import annotations

from askfirst_collector.closing.calendar import HOUR
from askfirst_collector.closing.today import Today, add_newcomers, read_today
from askfirst_collector.services import Services
from askfirst_collector.store.events import Row
from askfirst_collector.store.periods import IN_UTC

from .house import DAY, MONDAY, Clock, key_of, noon, row, store

SIZE = 5


def _arrive(parts: Services, hour: int, visitors: range) -> list[Row]:
    rows = [row(parts, n, {"time": (MONDAY, f"{hour:02}")}) for n in visitors]
    store(parts, rows)
    return rows


def _today(parts: Services, clock: Clock) -> Today | None:
    add_newcomers(parts, clock.now)
    return read_today(parts.engine, "shop", "statistics", SIZE, IN_UTC, clock.now)


def test_newcomers_of_each_hour_are_added_up(parts: Services, clock: Clock) -> None:
    """Who comes again is no newcomer; the running hour is not in it."""
    _arrive(parts, 9, range(20))
    _arrive(parts, 10, range(10, 25))
    _arrive(parts, 12, range(50, 90))
    assert _today(parts, clock) == Today(int(noon()), 25)
    clock.now += HOUR
    assert _today(parts, clock) == Today(int(noon()) + HOUR, 65)


def test_under_four_times_the_size_it_says_nothing(parts: Services, clock: Clock) -> None:
    """M27: nineteen look like none."""
    assert _today(parts, clock) is None
    _arrive(parts, 12, range(19))
    clock.now += HOUR
    assert _today(parts, clock) is None


def test_who_polls_sees_it_move_hourly(parts: Services, clock: Clock) -> None:
    """M27: polling each second, before and after a visit, shows the same until the hour is over."""
    _arrive(parts, 9, range(30))
    first = _today(parts, clock)
    _arrive(parts, 12, range(100, 101))
    for second in (1, 2, 60, HOUR - 1):
        clock.now = noon() + second
        assert _today(parts, clock) == first


def test_an_erasure_never_shows(parts: Services, clock: Clock) -> None:
    """M27: what was told stays; who comes after it is added."""
    rows = _arrive(parts, 9, range(30))
    before = _today(parts, clock)
    assert rows[0].pseudonym is not None
    assert parts.events.erase([rows[0].pseudonym]) == 1
    clock.now += HOUR
    after_it = _today(parts, clock)
    assert before is not None
    assert after_it is not None
    assert before.visitors == after_it.visitors == 30


def test_it_ends_with_its_day(parts: Services, clock: Clock) -> None:
    """Whatever the period: yesterday's is never shown."""
    _arrive(parts, 9, range(30))
    assert _today(parts, clock) is not None
    clock.now += DAY
    assert _today(parts, clock) is None


def test_purposes_are_not_added_up(parts: Services, clock: Clock) -> None:
    """A visitor who agreed to two purposes has two pseudonyms and is still one visitor."""
    for purpose in ("statistics", "marketing"):
        key = key_of(purpose=purpose)
        store(parts, [row(parts, n, {"time": (MONDAY, "09")}, key) for n in range(30)])
    today = _today(parts, clock)
    assert today is not None
    assert today.visitors == 30
