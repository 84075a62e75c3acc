"""The figures of a page, ready to be drawn: totals, the line of time, and one panel a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from askfirst.terms.terms import Terms
from askfirst_collector.closing.calendar import HOUR
from askfirst_collector.closing.today import SHOWN_FROM, read_today
from askfirst_collector.dashboard.figures.charts import Columns, Series, World, columns, world
from askfirst_collector.dashboard.figures.why_missing import (
    missing,
    no_line,
    period_name,
    short_name,
)
from askfirst_collector.dashboard.selection.tables import (
    ANSWERS,
    COUNTRIES,
    HOURS,
    Heading,
    Line,
    countries,
    hour_lines,
    lines,
)
from askfirst_collector.reports.ranges import Period, Report, report
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed_ranges import Range, hours_of_day
from askfirst_collector.store.periods import DAY

PREVIEW = 7  # lines of a table on the overview


@dataclass(frozen=True)
class Figure:
    """One number at the top, or the reason why there is none; `key` is its colour in the chart."""

    name: str
    value: int | None
    why: str = ""
    key: str = ""


@dataclass(frozen=True)
class Moment:
    """One period of the time line."""

    label: str
    visitors: int | None
    views: int | None
    visits: int | None
    why: str


@dataclass(frozen=True)
class Timeline:
    """Visitors and page views over time: the picture, and the same as rows."""

    chart: Columns
    rows: tuple[Moment, ...]
    shown: int
    gaps: int


@dataclass(frozen=True)
class Panel:
    """One table with its picture, where it has one."""

    heading: Heading
    lines: tuple[Line, ...]
    count: int
    why: str
    note: str
    world: World | None = None
    chart: Columns | None = None


def timeline(periods: Sequence[Period], terms: Terms, zone: str) -> Timeline:
    """The periods as columns; views stand behind visitors."""
    chart = columns(
        [
            Series("views", [period.views for period in periods]),
            Series("visitors", [period.visitors for period in periods]),
        ],
        [short_name(period.closes, period.period) for period in periods],
    )
    rows = tuple(
        Moment(
            period_name(period.closes, period.period),
            period.visitors,
            period.views,
            period.visits,
            missing(period, terms, zone),
        )
        for period in reversed(periods)
    )
    gaps = sum(period.reason is not None for period in periods)
    return Timeline(chart, rows, len(periods) - gaps, gaps)


def totals(parts: Services, terms: Terms, answers: Report, *, gathering: bool) -> list[Figure]:
    """Visitors, page views, answers, and roughly how many today, where anything is gathered."""
    why = no_line("", terms, any_closed=False)
    counts = {row.path[0]: row.visitors for row in answers.rows if len(row.path) == 1}
    any_closed = bool(answers.closed_periods)
    none = (
        no_line("consent", terms, any_closed=True)
        if any_closed
        else no_line("consent", terms, any_closed=False)
    )
    is_own = gathering and not answers.wanted.collector
    figures = [
        Figure("Visitors", answers.visitors, why, "visitors"),
        Figure("Page views", answers.views, why, "views"),
        Figure("Visits", answers.visits, why),
        Figure("Agreed", counts.get("granted"), none),
        Figure("Withdrew", counts.get("withdrawn"), none),
    ]
    return [*figures, _today(parts, terms, answers)] if is_own else figures


def _today(parts: Services, terms: Terms, answers: Report) -> Figure:
    wanted, size = answers.wanted, terms.min_cell_size
    calendar = parts.registry.calendar(wanted.site)
    today = read_today(parts.engine, wanted.site, wanted.purpose, size, calendar, parts.now())
    waiting = f"Shown from about {SHOWN_FROM * size} visitors on, once an hour."
    if today is None:
        return Figure("Today so far", None, waiting)
    hour = today.until % DAY // HOUR
    return Figure(f"Today until {hour:02}:00 {calendar.zone}", today.visitors)


def panel(
    parts: Services, wanted: Range, heading: Heading, terms: Terms, *, preview: bool = False
) -> Panel:
    """One table over a range; the first lines of its coarsest level with `preview`."""
    if heading == HOURS:
        return _hours(parts, wanted, terms)
    return panel_of(report(parts, wanted, heading.table), heading, terms, preview=preview)


def _hours(parts: Services, wanted: Range, terms: Terms) -> Panel:
    hours = hours_of_day(parts.engine, wanted)
    values = [hours.get(hour) for hour in range(24)]
    shown = tuple(hour_lines(hours))
    return Panel(
        heading=HOURS,
        lines=shown,
        count=len(shown),
        why=no_line(HOURS.table, terms, any_closed=True),
        note=f"By the clock of {parts.registry.calendar(wanted.site).zone}.",
        chart=columns([Series("visitors", values)], [f"{hour:02d}" for hour in range(24)])
        if shown
        else None,
    )


def panel_of(report: Report, heading: Heading, terms: Terms, *, preview: bool = False) -> Panel:
    """The panel of a report."""
    all_lines = lines(report, deepest=_preview_depth(heading) if preview else 9)
    shown = all_lines[:PREVIEW] if preview else all_lines
    by_country = countries(report) if heading == COUNTRIES else {}
    return Panel(
        heading=heading,
        lines=tuple(shown),
        count=len(all_lines),
        why=no_line(heading.table, terms, any_closed=bool(report.closed_periods)),
        note=_note(heading, all_lines, terms, is_running=report.is_running),
        world=world(by_country) if by_country else None,
    )


def _preview_depth(heading: Heading) -> int:
    return 2 if heading.table in ("page", "referrer", "consent") else 1


def _note(heading: Heading, all_lines: Sequence[Line], terms: Terms, *, is_running: bool) -> str:
    size = terms.min_cell_size
    notes = []
    if is_running:
        notes.append(
            f"The running {terms.closes} is in it so far: what is shown grows by those who came "
            "new, what many share begins on a day, the rest when a week has ended."
        )
    if any(line.rest and line.label == "Other" for line in all_lines):
        notes.append(
            f"Other: visitors of everything that too few share to be shown ({size}, and a few "
            "more by chance)."
        )
    if any(line.rest and line.label == "Not given" for line in all_lines):
        notes.append("Not given: visitors who agreed to less detail than that.")
    if heading == ANSWERS:
        notes.append("To this purpose alone. Of a refusal nothing is known but that there was one.")
    if heading == COUNTRIES:
        notes.append("Countries come from the address, which is not stored itself.")
    return " ".join(notes)
