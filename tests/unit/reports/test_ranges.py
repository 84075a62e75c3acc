"""Ranges: disclosed periods selected and added, and what is missing said with its reason."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import event

from askfirst_collector.closing.close import close_due, close_period
from askfirst_collector.reports.advice import advised_closes
from askfirst_collector.reports.ranges import Period, report, series
from askfirst_collector.services import Services
from askfirst_collector.store import disclosed_ranges
from askfirst_collector.store.database import reading, writing
from askfirst_collector.store.disclosed import Cell, Disclosed, Totals, write
from askfirst_collector.store.disclosed_ranges import Range, closed_periods, sums
from askfirst_collector.usecases.retention import purge

from ..closing.house import DAY, Clock, after, key_of, noon, row, store

FIRST, LAST = date(2026, 11, 14), date(2026, 11, 20)


def _day(parts: Services, clock: Clock, period: str, pages: dict[str, int]) -> None:
    clock.now = noon(period)
    start = 0
    for page, count in pages.items():
        rows = [row(parts, start + n, {"page": (page,)}, key_of(period)) for n in range(count)]
        store(parts, rows)
        start += count


def test_a_range_is_the_sum_of_its_disclosed_periods(parts: Services, clock: Clock) -> None:
    """Cells are added by their path; nothing else is ever asked."""
    _day(parts, clock, "2026-11-16", {"/a": 20, "/b": 10})
    _day(parts, clock, "2026-11-17", {"/a": 9, "/c": 15})
    clock.now = after("2026-11-17")
    close_due(parts, clock.now)
    found = report(parts, Range("shop", "statistics", FIRST, LAST), "page")
    assert [(each.path, each.visitors) for each in found.rows if each.kind == "value"] == [
        (("/a",), 29),
        (("/c",), 15),
        (("/b",), 10),
    ]
    assert (found.visitors, found.views) == (54, 54)
    assert found.closed_periods == ("2026-11-16", "2026-11-17")


def test_what_was_closed_in_another_order_is_in_its_own_range(
    parts: Services, clock: Clock
) -> None:
    """A Tuesday that is closed after the Wednesday brings none of the Wednesday along."""
    days = ("2026-11-16", "2026-11-18", "2026-11-17")
    for count, day in enumerate(sorted(days)):
        _day(parts, clock, day, {"/a": 10 * 4**count})
    clock.now = after(days[1])
    for day in days:
        close_period(parts, key_of(day), clock.now)
    for first, last, visitors in ((16, 17, 50), (17, 18, 200), (16, 18, 210), (18, 18, 160)):
        wanted = Range("shop", "statistics", date(2026, 11, first), date(2026, 11, last))
        rows = [(line.path, line.visitors) for line in report(parts, wanted, "page").rows]
        assert (("/a",), visitors) in rows


def _closed_days(parts: Services, count: int) -> None:
    """So many closed days up to LAST, of two purposes in turn, with lines of three tables."""
    paths = [(f"/{letter}",) for letter in "abcdef"]
    with writing(parts.engine) as connection:
        for back in range(count):
            cells = tuple(
                Cell(table, path, "value", 5 + back % 7)
                for table in ("page", "referrer", "browser")
                for path in paths[back % 3 :]
            )
            for purpose in ("statistics", "marketing"):
                day = (LAST - timedelta(days=back)).isoformat()
                said = Disclosed(Totals(9, 9, 9), cells)
                key = key_of(day, purpose=purpose)
                write(connection, key, said, size=5, expires=2**40, settled=True)


def test_a_few_of_many_periods_are_read_from_their_index_alone(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A month of three years reads neither the other days nor a cell of another table.

    Its sums are those that are read through all periods of each line.
    """
    _closed_days(parts, 100)
    wanted = Range("shop", "statistics", LAST - timedelta(days=6), LAST)
    closed, tables, asked = closed_periods(parts.engine, wanted), ["page", "browser"], []

    def listen(_connection: object, _cursor: object, statement: str, *more: object) -> None:
        asked.append((statement, more[0]))

    event.listen(parts.engine, "before_cursor_execute", listen)
    by_period = sums(parts.engine, wanted, tables, closed)
    event.remove(parts.engine, "before_cursor_execute", listen)
    statement, values = asked[-1]
    with reading(parts.engine) as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert any(
        "cell USING COVERING INDEX cell_by_closing (closing=? AND table=?)" in step[-1]
        for step in plan
    )
    monkeypatch.setattr(disclosed_ranges, "FEW", 100)
    by_line = sums(parts.engine, wanted, tables, closed)
    assert len(by_line) == 12
    assert sorted(by_line) == sorted(by_period)


def test_what_is_missing_is_said_with_its_reason(parts: Services, clock: Clock) -> None:
    """M27: a day of three visitors reads as a day of none."""
    _day(parts, clock, "2026-11-16", {"/a": 20})
    _day(parts, clock, "2026-11-17", {"/rare": 3})
    clock.now = after("2026-11-18")
    close_due(parts, clock.now)
    clock.now = after("2026-11-19")
    wanted = Range("shop", "statistics", FIRST, LAST)
    reasons = {each.period: each.reason for each in series(parts, wanted)}
    assert reasons == {
        "2026-11-14": "before",
        "2026-11-15": "before",
        "2026-11-16": None,
        "2026-11-17": "too few",
        "2026-11-18": "too few",
        "2026-11-19": "not closed yet",
        "2026-11-20": "open",
    }
    found = report(parts, Range("shop", "statistics", date(2026, 11, 17), LAST), "page")
    assert (found.rows, found.visitors, found.views) == ((), None, None)


def test_a_period_past_its_retention_is_said_to_be(parts: Services, clock: Clock) -> None:
    """M28: its figures are gone, and the page says why."""
    _day(parts, clock, "2026-11-16", {"/a": 20})
    clock.now = after()
    close_due(parts, clock.now)
    clock.now += 366 * DAY
    purge(parts, clock.now)
    found = report(
        parts, Range("shop", "statistics", date(2026, 11, 16), date(2026, 11, 16)), "page"
    )
    assert [each.reason for each in found.missing] == ["past retention"]
    assert found.rows == ()


def test_an_unknown_site_or_purpose_has_nothing(parts: Services) -> None:
    """No figure, no error."""
    for wanted in (
        Range("nobody", "statistics", FIRST, LAST),
        Range("shop", "nothing", FIRST, LAST),
    ):
        found = report(parts, wanted, "page")
        assert found.visitors is None
        assert {each.reason for each in found.missing} == {"not asked"}


def test_small_sites_are_advised_from_shown_totals_only() -> None:
    """Under 200 a day by month, under 2,000 by week; nothing shorter, and not before a week."""

    def days(few: int, shown: int, visitors: int) -> list[Period]:
        small = [Period("2026-11-01", "day", None, None, "too few")] * few
        open_ = Period("2026-11-30", "day", None, None, "open")
        return [*small, *[Period("2026-11-02", "day", visitors, 10)] * shown, open_]

    assert advised_closes(days(7, 0, 0), "day") == "month"
    assert advised_closes(days(0, 7, 199), "week") == "month"
    assert advised_closes(days(0, 7, 200), "day") == "week"
    assert advised_closes(days(0, 7, 200), "week") is None
    assert advised_closes(days(0, 7, 2_000), "day") is None
    assert advised_closes(days(7, 7, 3_000), "day") == "week"
    assert advised_closes(days(6, 0, 0), "day") is None
