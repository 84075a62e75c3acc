"""The line of time: days, or weeks and months of days where those are many, and what was before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from askfirst.terms.terms import Terms
from askfirst.terms.time_zone import first_day
from askfirst_collector.dashboard.figures.charts import Columns, Point, columns
from askfirst_collector.dashboard.figures.why_missing import (
    few,
    missing,
    period_name,
    short_name,
)
from askfirst_collector.dashboard.layout.templates import number
from askfirst_collector.dashboard.selection.date_range import DateRange
from askfirst_collector.reports.ranges import NOT_COUNTED, Period, total
from askfirst_collector.store.imported import ImportedDay

MOST = 62  # columns: more cannot be told apart at 320 px, nor gone through by keyboard
MEASURES = {"visitors": "visitors", "views": "page views", "visits": "visits"}


@dataclass(frozen=True)
class OtherTool:
    """What another tool counted, by its name for people, on days that have no figure of ours."""

    name: str
    days: Mapping[str, ImportedDay]

    @property
    def last(self) -> date:
        """The last of its days."""
        return date.fromisoformat(max(self.days))


@dataclass(frozen=True)
class Moment:
    """One column of the line: a day, or the days of a week or a month that are shown."""

    name: str
    short: str
    first: date
    last: date
    days: tuple[Period, ...]
    before: tuple[Period, ...]
    other: tuple[ImportedDay, ...] = ()  # nothing of ours is shown of any of its days

    @property
    def visitors(self) -> int | None:
        """Visitors of its days, added up."""
        return total(day.visitors for day in self.days)

    @property
    def views(self) -> int | None:
        """Page views of its days."""
        return total(day.views for day in self.days)

    @property
    def visits(self) -> int | None:
        """Visits of its days."""
        return total(day.visits for day in self.days)

    def imported(self, measure: str) -> int | None:
        """What another tool counted on its days; visits no export has."""
        return None if measure == "visits" else total(getattr(day, measure) for day in self.other)

    @property
    def gaps(self) -> int:
        """How many of its days are not shown."""
        return sum(day.reason is not None for day in self.days)


@dataclass(frozen=True)
class Timeline:
    """One measure over time: the picture, and all of them as rows, the newest first."""

    measure: str
    chart: Columns
    rows: tuple[tuple[Moment, str], ...]  # and why there is no figure
    shown: int
    gaps: int
    states: frozenset[str]  # of its columns
    other: OtherTool | None  # whose figures some columns are


def timeline(
    days: Sequence[Period],
    before: Sequence[Period],
    span: DateRange,
    terms: Terms,
    zone: str,
    today: int | None = None,
    other: OtherTool | None = None,
) -> Timeline:
    """The days of a range as columns; `today` is about how many came today so far.

    `before` is held against them day by day, from the first on. What `other` counted stands in
    columns of its own, where none of ours could be, and is in no sum.
    """
    measure = span.values.get("measure", "")
    measure = measure if measure in MEASURES else "visitors"
    moments = list(_moments(days, before, other))
    running = next((day.period for day in days if day.reason == "open"), "")
    points = [
        _imported(m, measure, span, other)
        if other is not None and m.imported(measure) is not None
        else _point(m, measure, span, today if m.first.isoformat() == running else None)
        for m in moments
    ]
    states = frozenset(point.state for point in points)
    shown = sum(day.reason is None for day in days)
    return Timeline(
        measure,
        columns(points),
        tuple((moment, _why(moment, terms, zone)) for moment in reversed(moments)),
        shown,
        sum(moment.gaps for moment in moments if not moment.other),
        states,
        other if "imported" in states else None,
    )


def closes_of_columns(days: int) -> str:
    """What a column stands for, of so many days."""
    return "day" if days <= MOST else "week" if days <= 7 * MOST else "month"


def period_of_day(closes: str, day: str) -> str:
    """The day, week or month that a day is in, by its first day."""
    return first_day(closes, date.fromisoformat(day)).isoformat()


def _moments(
    days: Sequence[Period], before: Sequence[Period], other: OtherTool | None
) -> Iterator[Moment]:
    closes = closes_of_columns(len(days))
    pairs = [(day, before[at] if at < len(before) else None) for at, day in enumerate(days)]

    def start(pair: tuple[Period, Period | None]) -> str:
        return period_of_day(closes, pair[0].period)

    for period, group in groupby(pairs, start):
        own = list(group)
        first, last = own[0][0].period, own[-1][0].period
        name = period_name(closes, period)
        yield Moment(
            name,
            short_name(closes, period),
            date.fromisoformat(first),
            date.fromisoformat(last),
            tuple(day for day, _ in own),
            tuple(old for _, old in own if old is not None),
            _of_other([day for day, _ in own], other),
        )


def _of_other(days: Sequence[Period], other: OtherTool | None) -> tuple[ImportedDay, ...]:
    if other is None or not all(day.reason in NOT_COUNTED for day in days):
        return ()
    return tuple(other.days[day.period] for day in days if day.period in other.days)


def _imported(moment: Moment, measure: str, span: DateRange, other: OtherTool) -> Point:
    value = moment.imported(measure)
    text = f"{moment.name}: {number(value)} {MEASURES[measure]}, imported from {other.name}"
    old = total(getattr(day, measure) for day in moment.before)
    href = span.days(moment.first, moment.last)
    return Point(moment.short, value, text, "imported", href, old)


def _point(moment: Moment, measure: str, span: DateRange, today: int | None) -> Point:
    value = getattr(moment, measure)
    unit, reasons = MEASURES[measure], [day.reason for day in moment.days]
    old = total(getattr(day, measure) for day in moment.before)
    state = ""
    if value is not None:
        text = f"{moment.name}: {number(value)} {unit}"
        if moment.gaps:
            text += f", {moment.gaps} of {len(moment.days)} days not shown"
            state = "open" if reasons[-1] == "open" else ""
    elif today is not None and measure == "visitors" and len(moment.days) == 1:
        value, state = today, "open"
        text = f"{moment.name}: so far about {number(value)} visitors"
    else:
        is_open = "open" in reasons
        state = "waiting" if is_open else "missing"
        text = f"{moment.name}: {'not over yet' if is_open else 'not shown, too few visitors'}"
        if reasons[0] not in ("open", "too few", None):
            text = f"{moment.name}: {_SHORT[reasons[0]]}"
    if old is not None:
        text += f"; before {number(old)}"
    zooms = moment.first != moment.last
    href = span.days(moment.first, moment.last) if zooms or len(moment.days) == 1 else ""
    return Point(moment.short, value, text, state, href, old)


_SHORT = {
    "not closed yet": "closes within minutes",
    "past retention": "past its retention",
    "before": "before this was first asked",
    "not asked": "nothing was asked",
}


def _why(moment: Moment, terms: Terms, zone: str) -> str:
    if moment.visitors is not None or moment.other:
        return ""
    if len(moment.days) == 1:
        return missing(moment.days[0], terms, zone)
    reasons = {day.reason for day in moment.days}
    if reasons == {"too few"}:
        return few(terms.min_cell_size)
    return missing(moment.days[-1], terms, zone)
