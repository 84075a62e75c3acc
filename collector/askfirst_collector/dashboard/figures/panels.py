"""One table, ready to be drawn: its lines, its picture where it has one, and what to know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from askfirst.terms.attributes import Value
from askfirst.terms.terms import Terms
from askfirst_collector.dashboard.figures.charts import Columns, Point, World, columns, world
from askfirst_collector.dashboard.figures.why_missing import no_line
from askfirst_collector.dashboard.layout.templates import number
from askfirst_collector.dashboard.selection.date_range import DateRange
from askfirst_collector.dashboard.selection.tables import (
    ANSWERS,
    COUNTRIES,
    HOURS,
    Heading,
    Line,
    countries,
    flat_lines,
    hour_lines,
    lines,
)
from askfirst_collector.reports.pairs import selected
from askfirst_collector.reports.ranges import Report
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed_ranges import Range, hours_of_day


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
    is_uncounted: bool = False  # together with the filter
    before: Mapping[Value, int] | None = None  # of the days that these are held against


def panel(
    parts: Services, span: DateRange, site: str, heading: Heading, terms: Terms, *, search: str
) -> Panel:
    """One table over a range, whole, or those of its lines that `search` is in."""
    wanted = span.wanted(site)
    if heading == HOURS and span.filter is None:
        return _hours(parts, wanted, terms)
    shown = selected(parts, wanted, terms, heading.table, span.filter_of(heading.table))
    if shown is None:
        return Panel(heading, (), 0, "", "", is_uncounted=True)
    before = rows_before(parts, span, site, heading.table, terms)
    return replace(_panel_of(shown, heading, terms, search), before=before)


def rows_before(
    parts: Services, span: DateRange, site: str, table: str, terms: Terms
) -> Mapping[Value, int] | None:
    """What the lines of a table were in the days that a range is held against; None for nothing."""
    today = parts.registry.calendar(site).day_of(parts.now())
    before = span.table_before(today, terms.closes)
    if before is None:
        return None
    old = selected(parts, before.wanted(site), terms, table, span.filter_of(table))
    rows = old.rows if old is not None else ()
    return {row.path: row.visitors for row in rows if row.kind == "value"}


def _hours(parts: Services, wanted: Range, terms: Terms) -> Panel:
    hours = hours_of_day(parts.engine, wanted)
    shown = tuple(hour_lines(hours))
    return Panel(
        heading=HOURS,
        lines=shown,
        count=len(shown),
        why=no_line(HOURS.table, terms, any_closed=True),
        note=f"By the clock of {parts.registry.calendar(wanted.site).zone}.",
        chart=columns([_hour(hour, hours.get(hour)) for hour in range(24)]) if shown else None,
    )


def _panel_of(report: Report, heading: Heading, terms: Terms, search: str) -> Panel:
    all_lines = flat_lines(report) if report.among else lines(report)
    sought = search.casefold()
    shown = [line for line in all_lines if sought in line.label.casefold()]
    by_country = countries(report) if heading == COUNTRIES else {}
    why = no_line(heading.table, terms, any_closed=bool(report.closed_periods))
    return Panel(
        heading=heading,
        lines=tuple(shown),
        count=len(all_lines),
        why=f"None of its {len(all_lines)} lines has that in it." if all_lines else why,
        note=_note(heading, all_lines, terms, is_running=report.is_running),
        world=world(by_country) if by_country and not search else None,
    )


def _hour(hour: int, visitors: int | None) -> Point:
    text = f"{hour:02}:00: " + (
        "not shown, too few visitors" if visitors is None else f"{number(visitors)} visitors"
    )
    return Point(f"{hour:02}", visitors, text, "missing" if visitors is None else "")


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
