"""Figures of a month while it is open: its days, and those who came new."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.so_far import count_days
from askfirst_collector.reports.ranges import Report, daily, report, series
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.store.events import Row
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.usecases.retention import purge

from .house import DAY, Clock, key_of, opened, policy, row, store

NOVEMBER = "2026-11-01"  # a Sunday
WANTED = Range("shop", "statistics", date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture
def clock() -> Clock:
    return Clock(IN_UTC.start_of(NOVEMBER) + 3600)


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with opened(tmp_path / "data", clock, policy(closes="month")) as parts:
        yield parts


def _visit(parts: Services, clock: Clock, day: int, who: range, page: str, times: int = 1) -> Row:
    at = f"2026-11-{day:02}"
    clock.now = max(clock.now, IN_UTC.start_of(at) + 60)
    values = {
        "page": (page, f"{page}/x"),
        "time": (at, "09"),
        "referrer": ("search", "a.example"),
    }
    key = key_of(NOVEMBER, "month")
    rows = [row(parts, n, values, key) for n in who for _ in range(times)]
    store(parts, rows)
    return rows[0]


def _end(parts: Services, clock: Clock, day: int) -> None:
    clock.now = IN_UTC.start_of(f"2026-11-{day:02}") + DAY + 60
    count_days(parts, clock.now)


def _pages(parts: Services) -> dict[tuple[str, ...], int]:
    answer: Report = report(parts, WANTED, "page")
    return {row.path: row.visitors for row in answer.rows if row.kind == "value"}


def test_each_day_has_its_totals_when_it_ends(parts: Services, clock: Clock) -> None:
    """A day's curve, though a visitor is one for the whole month; a small day looks like none."""
    _visit(parts, clock, 2, range(12), "/a", times=9)
    _visit(parts, clock, 3, range(3), "/a")
    _visit(parts, clock, 4, range(10), "/a")
    _end(parts, clock, 5)
    days = {day.period: day for day in daily(parts, WANTED)}
    assert (days["2026-11-02"].visitors, days["2026-11-02"].views) == (12, 60)
    assert days["2026-11-02"].visits == 60
    assert days["2026-11-04"].visitors == 10
    assert {days[f"2026-11-{n:02}"].reason for n in (3, 5)} == {"too few"}
    assert days["2026-11-06"].reason == "open"
    (month,) = series(parts, WANTED)
    assert (month.reason, month.visitors) == ("open", None)


def test_newcomers_are_added_up(parts: Services, clock: Clock) -> None:
    """M27: who is in a figure is not counted again; a week's end tells what fewer share."""
    _visit(parts, clock, 2, range(20), "/many")
    _visit(parts, clock, 2, range(100, 109), "/few")
    _end(parts, clock, 2)
    assert _pages(parts) == {("/many",): 20, ("/many", "/many/x"): 20}
    # Ten come again, four are new: too few to be told; with five more they are.
    _visit(parts, clock, 3, range(10, 24), "/many")
    _end(parts, clock, 3)
    assert _pages(parts)["/many",] == 20
    _visit(parts, clock, 4, range(30, 35), "/many")
    _end(parts, clock, 4)
    assert _pages(parts)["/many",] == 29
    for day in (5, 6, 7):
        _end(parts, clock, day)
    assert ("/few",) not in _pages(parts)
    _end(parts, clock, 8)
    assert _pages(parts)["/few",] == 9
    month = series(parts, WANTED)[0]
    assert (month.reason, month.visitors) == ("open", 38)


def test_an_erasure_shows_in_nothing_before_closing(parts: Services, clock: Clock) -> None:
    """M27: no figure falls; closing asks anew."""
    first = _visit(parts, clock, 2, range(20), "/many")
    _end(parts, clock, 2)
    before = _pages(parts)
    assert first.pseudonym is not None
    assert parts.events.erase([first.pseudonym]) == 1
    _end(parts, clock, 3)
    assert _pages(parts) == before
    clock.now = IN_UTC.start_of("2026-12-01") + 600
    close_due(parts, clock.now)
    assert _pages(parts)["/many",] == 19
    assert series(parts, WANTED)[0].visitors == 19


def test_a_day_is_counted_once(parts: Services, clock: Clock) -> None:
    """However often it is looked at, and whatever is erased since; its draw stands in the month."""
    first = _visit(parts, clock, 2, range(20), "/many")
    _end(parts, clock, 2)
    assert first.pseudonym is not None
    parts.events.erase([first.pseudonym])
    _end(parts, clock, 4)
    assert daily(parts, WANTED)[1].visitors == 20
    clock.now = IN_UTC.start_of("2026-12-01") + 600
    close_due(parts, clock.now)
    assert daily(parts, WANTED)[1].visitors == 20
    hours = {r.path: r.visitors for r in report(parts, WANTED, "time").rows if r.kind == "value"}
    assert hours["2026-11-02",] == 20


def test_days_go_with_their_period(parts: Services, clock: Clock) -> None:
    """M28: nothing of a day is left when the figures of its month are past their retention."""
    _visit(parts, clock, 2, range(20), "/many")
    _end(parts, clock, 2)
    clock.now = IN_UTC.start_of("2026-12-01") + 600
    close_due(parts, clock.now)
    clock.now += 366 * DAY
    purge(parts, clock.now)
    assert {day.reason for day in daily(parts, WANTED)} == {"past retention"}
