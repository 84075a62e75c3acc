"""Ranges: the disclosed periods of a purpose, selected and added. Every exit is this one.

A range is the sum of its periods: with `closes = day` its visitors are *daily visitors*, who are
counted again each day. What is missing is said with its reason, by the calendar alone: a period
that nobody came in reads as one that too few came in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from askfirst.terms.attributes import Value
from askfirst.terms.terms import Terms
from askfirst.terms.time_zone import first_day
from askfirst_collector.closing.calendar import asked, last_terms, name_of, since
from askfirst_collector.closing.stores import Stores
from askfirst_collector.store.disclosed import Kind, Totals
from askfirst_collector.store.disclosed_ranges import (
    ClosedPeriod,
    Range,
    cells_of_periods,
    closed_periods,
    newest_periods,
    sums,
)
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.periods import (
    DAY,
    IN_UTC,
    Calendar,
    period_after,
    periods_between,
)
from askfirst_collector.store.so_far import (
    TOTAL,
    Figure,
    Question,
    days_between,
    read_days,
    read_so_far,
)

Reason = Literal["open", "not closed yet", "too few", "past retention", "before", "not asked"]
# Why every day of a period has no figure: nothing is counted, or nothing of it is there.
NOT_COUNTED = ("past retention", "before", "not asked")


@dataclass(frozen=True)
class Period:
    """One period of a range: its disclosed totals, or the reason why there are none."""

    period: str
    closes: str
    visitors: int | None
    views: int | None
    reason: Reason | None = None
    visits: int | None = None


@dataclass(frozen=True)
class Row:
    """One line of a table: `kind` other than value is the rest below `path`, or rows cut at it.

    `periods` is in how many of the range it was shown: its sum is of those alone.
    """

    path: Value
    kind: Kind
    visitors: int
    periods: int = 1


@dataclass(frozen=True)
class Report:
    """A table over a range, largest first; totals are None where no period in it is shown.

    `among` is the table and the value of a filter that its lines are under; None for everybody.
    """

    wanted: Range
    table: str
    rows: tuple[Row, ...]
    visitors: int | None
    views: int | None
    visits: int | None
    periods: tuple[Period, ...]
    among: tuple[str, Value] | None = None

    @property
    def closed_periods(self) -> tuple[str, ...]:
        """The periods that are in the sums."""
        return tuple(period.period for period in self.periods if period.reason is None)

    @property
    def is_running(self) -> bool:
        """Whether figures so far of an open period are in the sums."""
        return any(p.reason == "open" and p.visitors is not None for p in self.periods)

    @property
    def missing(self) -> tuple[Period, ...]:
        """The periods that are not, each with its reason."""
        return tuple(period for period in self.periods if period.reason is not None)


def report(stores: Stores, wanted: Range, table: str) -> Report:
    """One table of a purpose, summed over the disclosed periods of a range."""
    return reports(stores, wanted, [table])[table]


def reports(stores: Stores, wanted: Range, tables: Iterable[str]) -> dict[str, Report]:
    """Several tables of a purpose over one range, by name; their periods are read once."""
    closed = closed_periods(stores.engine, wanted)
    periods = _series(stores, wanted, closed)
    visitors = total(period.visitors for period in periods)
    views = total(period.views for period in periods)
    visits = total(period.visits for period in periods)
    by_table: dict[str, list[Row]] = {table: [] for table in tables}
    for table, path, kind, people, shown in sums(stores.engine, wanted, list(by_table), closed):
        by_table[table].append(Row(path, kind, people, shown))
    for period in periods:
        if period.reason == "open" and period.visitors is not None:
            _add_so_far(by_table, read_so_far(stores.engine, _key(wanted, period)))
    return {
        table: Report(wanted, table, tuple(rows), visitors, views, visits, periods)
        for table, rows in by_table.items()
    }


def of_whole_periods(
    stores: Stores, wanted: Range, table: str, paths: Collection[Value]
) -> tuple[dict[Value, int], int]:
    """The sums of some lines over the periods that show every one of them, and how many those are.

    What is a part of what can be said of no other sum: each is of the periods that show it.
    """
    by_period: dict[int, dict[Value, int]] = {}
    for period, path, visitors in cells_of_periods(stores.engine, wanted, table):
        by_period.setdefault(period, {})[path] = visitors
    whole = [cells for cells in by_period.values() if all(path in cells for path in paths)]
    return {path: sum(cells[path] for cells in whole) for path in paths}, len(whole)


def newest_closed(stores: Stores) -> dict[str, Period]:
    """The last closed period of each site, of the purpose that most agreed to in it.

    Its totals are None where too few came to say more.
    """
    newest: dict[str, Period] = {}
    for closed in newest_periods(stores.engine):
        period = _closed(closed)
        before = newest.get(closed.site)
        if before is None or _rank(period) > _rank(before):
            newest[closed.site] = period
    return newest


def _rank(period: Period) -> tuple[str, int]:
    return period_after(period.closes, period.period), period.visitors or 0


def _add_so_far(by_table: dict[str, list[Row]], figures: Mapping[Question, Figure]) -> None:
    for table in by_table:
        rows = {(row.path, row.kind): row for row in by_table[table]}
        for (own, path), figure in figures.items():
            if own == table:
                row = rows.get((path, "value"), Row(path, "value", 0, 0))
                rows[path, "value"] = replace(
                    row, visitors=row.visitors + figure.visitors, periods=row.periods + 1
                )
        by_table[table] = sorted(rows.values(), key=lambda row: (-row.visitors, row.path, row.kind))


def total(figures: Iterable[int | None]) -> int | None:
    """The sum of what is shown; None where nothing is."""
    shown = [figure for figure in figures if figure is not None]
    return sum(shown) if shown else None


def series(stores: Stores, wanted: Range) -> tuple[Period, ...]:
    """Every period of a range, oldest first, with its totals or the reason why it has none."""
    return _series(stores, wanted, closed_periods(stores.engine, wanted))


def _series(stores: Stores, wanted: Range, disclosed: Iterable[ClosedPeriod]) -> tuple[Period, ...]:
    now = stores.now()
    closed = [_closed(period) for period in disclosed]
    known = {(entry.closes, entry.period) for entry in closed}
    site = stores.registry.site(wanted.site)
    name = name_of(wanted.collector, wanted.purpose)
    terms = None if site is None else asked(site, name)
    last = None if site is None else last_terms(site, name)
    closes = last.closes if last else "day"
    begun = since(site, name) if site is not None and terms is not None else 0.0
    calendar = IN_UTC if site is None else site.calendar
    first = calendar.period_of(closes, begun)
    missing = [
        _running(
            stores,
            wanted,
            Period(
                period, closes, None, None, _reason(terms, closes, period, first, now, calendar)
            ),
        )
        for period in periods_between(closes, wanted.first.isoformat(), wanted.last.isoformat())
        if (closes, period) not in known
    ]
    return tuple(sorted([*closed, *missing], key=lambda entry: (entry.period, entry.closes)))


def _running(stores: Stores, wanted: Range, period: Period) -> Period:
    """An open period with what is said of it so far."""
    if period.reason != "open" or period.closes == "day":
        return period
    key = _key(wanted, period)
    figure = read_so_far(stores.engine, key).get(TOTAL)
    if figure is None:
        return period
    days = read_days(stores.engine, key).values()
    return replace(
        period,
        visitors=figure.visitors,
        views=total(day.views for day in days),
        visits=total(day.visits for day in days),
    )


def _key(wanted: Range, period: Period) -> PeriodKey:
    names = wanted.site, wanted.collector, wanted.purpose
    return PeriodKey(*names, period.closes, period.period)


def daily(
    stores: Stores, wanted: Range, periods: tuple[Period, ...] | None = None
) -> tuple[Period, ...]:
    """Every day of a range with its totals, or the reason why it has none; whatever closes.

    Where a period is a day this is `series`; of a longer one each day is counted when it ends.
    `periods` are those of the range, where they were read already.
    """
    periods = series(stores, wanted) if periods is None else periods
    if all(period.closes == "day" for period in periods):
        return periods
    first, last = wanted.first.isoformat(), wanted.last.isoformat()
    of = wanted.site, wanted.collector, wanted.purpose
    days = days_between(stores.engine, *of, first, last)
    closed = {period.period: period for period in periods if period.closes == "day"}
    longer = [period for period in periods if period.closes != "day"]
    today = stores.registry.calendar(wanted.site).period_of("day", stores.now())
    return tuple(
        closed.get(day) or _day(day, days.get(day), longer, today)
        for day in periods_between("day", first, last)
    )


def _day(day: str, totals: Totals | None, periods: Iterable[Period], today: str) -> Period:
    if totals is not None and totals.visitors is not None:
        return Period(day, "day", totals.visitors, totals.views, None, totals.visits)
    at = date.fromisoformat(day)
    around = (p for p in periods if p.period == first_day(p.closes, at).isoformat())
    missing = next((p.reason for p in around if p.reason in NOT_COUNTED), None)
    return Period(day, "day", None, None, missing or ("too few" if day < today else "open"))


def _closed(closed: ClosedPeriod) -> Period:
    totals = closed.totals
    reason: Reason | None = "too few" if totals.visitors is None else None
    figures = totals.visitors, totals.views, reason, totals.visits
    return Period(closed.period, closed.closes, *figures)


def _reason(
    terms: Terms | None,
    closes: str,
    period: str,
    first: str,
    now: float,
    calendar: Calendar,
) -> Reason:
    """Why a period has no figure; `first` is the one in which something was first asked."""
    if terms is None:
        return "not asked"
    if period < first:
        return "before"
    end = calendar.end_of(closes, period)
    if end > now:
        return "open"
    return "past retention" if end + terms.retention_days * DAY <= now else "not closed yet"
