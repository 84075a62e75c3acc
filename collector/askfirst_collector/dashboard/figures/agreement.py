"""Agreement rates: of those who answered, how many agreed; by purpose, and by day for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from askfirst_collector.dashboard.figures.charts import Columns, Point, columns
from askfirst_collector.dashboard.figures.totals import percent_of, share
from askfirst_collector.dashboard.layout.templates import day as day_name
from askfirst_collector.dashboard.selection.date_range import DateRange
from askfirst_collector.reports.agreement import Agreement, DayAnswers, agreement, days_of_answers
from askfirst_collector.services import Services

MOST_DAYS = 92  # columns of the picture


@dataclass(frozen=True)
class PurposeLine:
    """One purpose over a range: `rate` is "" where no day shows both answers."""

    name: str
    title: str
    sums: Agreement
    rate: str
    bar: float  # percent
    href: str


@dataclass(frozen=True)
class DayLine:
    """One day of a purpose; None where a figure is not shown."""

    name: str
    granted: int | None
    refused: int | None
    rate: str


def rates(
    parts: Services, span: DateRange, site: str, titles: Mapping[str, str]
) -> dict[str, object]:
    """What the page shows, by the names of its template."""
    days, earlier = days_of_answers(parts, span.wanted(site)), span_before(parts, span, site)
    old = () if earlier is None else days_of_answers(parts, earlier.wanted(site))
    return {
        "purpose_lines": purpose_lines(parts, span, site, titles),
        "rates_before": rates_before(parts, span, site, titles),
        "day_lines": _day_lines(days),
        "chart": _picture(days, span, old, earlier),
    }


def span_before(parts: Services, span: DateRange, site: str) -> DateRange | None:
    """The days that a range is held against: each is told when it ends, whatever closes."""
    return span.table_before(parts.registry.calendar(site).day_of(parts.now()), "day")


def rates_before(
    parts: Services, span: DateRange, site: str, titles: Mapping[str, str]
) -> dict[str, float | None] | None:
    """The percent of each purpose in the days that a range is held against; None for nothing."""
    before = span_before(parts, span, site)
    if before is None:
        return None
    lines = purpose_lines(parts, before, site, titles)
    return {line.name: percent_of(line.sums.granted, line.sums.answers) for line in lines}


def purpose_lines(
    parts: Services, span: DateRange, site: str, titles: Mapping[str, str]
) -> list[PurposeLine]:
    """Every purpose of a site, as it was answered in a range."""
    wanted = span.wanted(site)
    lines = []
    for name, title in titles.items():
        sums = agreement(days_of_answers(parts, replace(wanted, purpose=name)))
        rate = share(sums.granted, sums.answers)
        bar = sums.granted / sums.answers * 100 if sums.answers else 0.0
        lines.append(PurposeLine(name, title, sums, rate, bar, span.link(purpose=name)))
    return lines


def _day_lines(days: Sequence[DayAnswers]) -> list[DayLine]:
    """The days of one purpose that show anything, newest first."""
    return [
        DayLine(day_name(day.day), day.granted, day.refused, _rate(day)) for day in reversed(days)
    ]


def _picture(
    days: Sequence[DayAnswers],
    span: DateRange,
    old: Sequence[DayAnswers],
    before: DateRange | None,
) -> Columns | None:
    """The rate of each day in percent; None of a range that is too long to draw, or says none."""
    by_day, length = _by_date(days), (span.last - span.first).days + 1
    if not by_day or length > MOST_DAYS:
        return None
    dates = [span.first + timedelta(days=number) for number in range(length)]
    back = span.first - before.first if before is not None else timedelta()
    old_by_day = _by_date(old)
    return columns([_point(at, by_day.get(at), old_by_day.get(at - back)) for at in dates])


def _by_date(days: Sequence[DayAnswers]) -> dict[date, DayAnswers]:
    return {date.fromisoformat(day.day): day for day in days if day.is_whole}


def _point(at: date, day: DayAnswers | None, old: DayAnswers | None) -> Point:
    label, name = f"{at.day} {at:%b}", day_name(at.isoformat())
    before = None if old is None else _percent(old)
    comparison = "" if old is None else f", before {_rate(old)}"
    if day is None:
        return Point(label, None, f"{name}: no rate is shown{comparison}", "missing", before=before)
    return Point(label, _percent(day), f"{name}: {_rate(day)} agreed{comparison}", before=before)


def _percent(day: DayAnswers) -> int:
    sums = agreement([day])
    return round(sums.granted / sums.answers * 100)


def _rate(day: DayAnswers) -> str:
    sums = agreement([day])
    return share(sums.granted, sums.answers)
