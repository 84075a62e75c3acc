"""The files of a site's views: what each shows, as CSV and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import orjson
from starlette.responses import Response

from askfirst.terms.attributes import Value
from askfirst.terms.csv_text import csv_text
from askfirst.terms.terms import Terms
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.figures.agreement import purpose_lines, rates_before
from askfirst_collector.dashboard.figures.cards import GOALS
from askfirst_collector.dashboard.figures.goals import funnel_of, goals_before, goals_of
from askfirst_collector.dashboard.figures.imported import imported_view, other_tool
from askfirst_collector.dashboard.figures.panels import rows_before
from askfirst_collector.dashboard.figures.totals import percent_of
from askfirst_collector.dashboard.layout.menu import AGREEMENT
from askfirst_collector.dashboard.selection.date_range import DateRange, asked_purposes
from askfirst_collector.dashboard.selection.tables import HOURS, tables_of
from askfirst_collector.reports import export
from askfirst_collector.reports.agreement import days_of_answers
from askfirst_collector.reports.pairs import selected
from askfirst_collector.reports.ranges import Period, Row, daily, report
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed_ranges import hours_of_day

TIMELINE, GOALS_BESIDE = "time-line", "goals-beside"
IMPORTED, IMPORTED_PAGES, IMPORTED_SOURCES = "imported", "imported-pages", "imported-sources"
_FUNNEL = "funnel "
KINDS = ("csv", "json")


@dataclass(frozen=True)
class File:
    """A view as a file: its text as CSV, and what it is as JSON."""

    csv: Callable[[], str]
    values: Callable[[], object]


@dataclass(frozen=True)
class View:
    """What a file is of: a site, or a placed collector of it, over a range."""

    parts: Services
    site: Site
    span: DateRange
    terms: Terms | None  # None where nothing is asked
    asked_for: Mapping[str, str]  # of the address


def file_of(view: View, name: str) -> File | None:
    """The view of this name; None where there is none, or it is not counted with the filter."""
    of_days = _FILES.get(name)
    if of_days is not None:
        return of_days(view)
    if view.terms is None:
        return None
    if name == GOALS_BESIDE:
        return _goals_beside(view, view.terms)
    if name == HOURS.slug and view.span.filter is None:
        return _hours(view)
    headings = (heading.table for heading in tables_of(view.terms) if heading.slug == name)
    return next((_table(view, view.terms, table) for table in headings), None)


def days_before(parts: Services, span: DateRange, site: str) -> tuple[Period, ...]:
    """The days that those of a range are held against; a filter has none."""
    days = span.before() if span.filter is None else None
    if days is None:
        return ()
    return daily(parts, replace(span.wanted(site), first=days[0], last=days[1]))


def _timeline(view: View) -> File:
    site = view.site.name
    days = daily(view.parts, view.span.wanted(site))
    before = days_before(view.parts, view.span, site)
    policy = view.site.editions.current.policy
    other = other_tool(view.parts, site, view.span, policy, days)
    columns: dict[str, Mapping[str, object]] = {}
    if other is not None:
        columns = {
            "visitors imported": {day: one.visitors for day, one in other.days.items()},
            "page views imported": {day: one.views for day, one in other.days.items()},
            "imported from": dict.fromkeys(other.days, other.name),
        }
    return File(
        lambda: export.csv_of_periods(days, before, columns),
        lambda: export.json_of_periods(days, before, columns),
    )


def _agreement(view: View) -> File | None:
    if view.span.collector:  # on which pages was refused nobody knows
        return None
    days = days_of_answers(view.parts, view.span.wanted(view.site.name))
    return File(lambda: export.csv_of_answers(days), lambda: [asdict(day) for day in days])


def _agreement_by_purpose(view: View) -> File | None:
    """Every purpose of the site, of the days that show both answers."""
    if view.span.collector:
        return None
    names = asked_purposes(view.site.editions.current.policy)
    titles = dict(zip(names, names, strict=True))
    lines: list[list[object]] = []
    before = rates_before(view.parts, view.span, view.site.name, titles)
    for line in purpose_lines(view.parts, view.span, view.site.name, titles):
        sums, days = line.sums, line.sums.days or None
        rate = percent_of(sums.granted, sums.answers)
        values = [line.name, days and sums.granted, days and sums.refused, rate, days]
        lines.append([*values, *(() if before is None else (before[line.name],))])
    columns = ["purpose", "agreed", "refused", "percent_agreed", "days"]
    return file_of_rows([*columns, *([] if before is None else ["percent_agreed_before"])], lines)


def _table(view: View, terms: Terms, table: str) -> File | None:
    """A table, and beside its lines what the page has there: figures of before, or rates."""
    parts, span, site = view.parts, view.span, view.site.name
    shown = selected(parts, span.wanted(site), terms, table, span.filter_of(table))
    if shown is None:
        return None
    beside: dict[str, Mapping[Value, float | None]] = {}
    before = rows_before(parts, span, site, table, terms)
    if before is not None:
        beside["before"] = before
    if table == GOALS:
        whole = shown.visitors if shown.among is None else _among(view, *shown.among)
        rates = {row.path: percent_of(row.visitors, whole) for row in shown.rows}
        beside["percent of visitors"] = rates
        old = goals_before(parts, span, site, terms, "") if shown.among is None else None
        if old is not None:
            beside["percent before"] = {path: line.rate for path, line in old.items()}
    if table.startswith(_FUNNEL) and shown.among is None:
        funnel = funnel_of(parts, span, site, terms, table.removeprefix(_FUNNEL), shown)
        beside["percent of the first"] = {step.path: step.of_first for step in funnel.steps}
        beside["percent lost"] = {step.path: step.lost for step in funnel.steps}
        beside["periods of percents"] = {step.path: funnel.whole for step in funnel.steps}
    return File(lambda: export.csv_of(shown, beside), lambda: export.json_of(shown, beside))


def _hours(view: View) -> File:
    """Visitors of each hour of the day, days added up; an hour of too few is not in it."""
    wanted = view.span.wanted(view.site.name)
    hours = sorted(hours_of_day(view.parts.engine, wanted).items())
    rows = tuple(Row((f"{hour:02}:00",), "value", visitors) for hour, visitors in hours)
    shown = replace(report(view.parts, wanted, HOURS.table), rows=rows)
    return File(lambda: export.csv_of(shown), lambda: export.json_of(shown))


def _among(view: View, table: str, path: Value) -> int | None:
    """How many those under a filter are."""
    rows = report(view.parts, view.span.wanted(view.site.name), table).rows
    return next((row.visitors for row in rows if (row.path, row.kind) == (path, "value")), None)


def _goals_beside(view: View, terms: Terms) -> File | None:
    """Each goal among those of each value of the table that the address names."""
    by = view.asked_for.get("beside", "")
    goals = goals_of(view.parts, view.span, view.site.name, terms, by)
    if not goals.chosen:
        return None
    names = [goals.chosen, "goal", "visitors", "percent_of_them"]
    lines = [[line.label, line.goal, line.visitors, line.rate] for line in goals.beside]
    before = goals_before(view.parts, view.span, view.site.name, terms, by)
    if before is None:
        return file_of_rows(names, lines)
    old = [before.get(line.path) for line in goals.beside]
    earlier = [[line and line.visitors, line and line.rate] for line in old]
    return file_of_rows(
        [*names, "before", "percent_before"],
        [[*line, *then] for line, then in zip(lines, earlier, strict=True)],
    )


def _imported(view: View) -> File | None:
    """Page views by day, counted here and by the other tool: two columns, no sum."""
    shown = imported_view(view.parts, view.site, view.span, view.asked_for.get("tool", ""))
    if shown is None or view.span.collector:
        return None
    names = ("day", "page_views_counted_here", "page_views_imported", "imported_from")
    return file_of_rows(names, [[*day, shown.source] for day in shown.days])


def _imported_table(view: View, title: str, column: str) -> File | None:
    shown = imported_view(view.parts, view.site, view.span, view.asked_for.get("tool", ""))
    if shown is None or view.span.collector:
        return None
    names = (column, "visitors_by_day", "page_views", "imported_from")
    rows = next(rows for name, rows in shown.tables if name == title)
    return file_of_rows(names, [[*row, shown.source] for row in rows])


def response_of(file: File, kind: str, name: str) -> Response:
    """The file `NAME.csv` or `NAME.json`, to be kept; `kind` is one of the two."""
    is_csv = kind == "csv"
    return Response(
        file.csv() if is_csv else orjson.dumps(file.values(), option=orjson.OPT_INDENT_2),
        media_type="text/csv; charset=utf-8" if is_csv else "application/json",
        headers={"content-disposition": f'attachment; filename="{name}.{kind}"'},
    )


def file_of_rows(names: Sequence[str], rows: Sequence[Sequence[object]]) -> File:
    """Plain rows, under names with `_` for a space: as JSON one object each."""
    head = [name.replace("_", " ") for name in names]
    return File(
        lambda: csv_text([head, *rows]),
        lambda: [dict(zip(names, row, strict=True)) for row in rows],
    )


_FILES: Mapping[str, Callable[[View], File | None]] = {
    TIMELINE: _timeline,
    AGREEMENT: _agreement,
    f"{AGREEMENT}-by-purpose": _agreement_by_purpose,
    IMPORTED: _imported,
    IMPORTED_PAGES: lambda view: _imported_table(view, "Pages", "page"),
    IMPORTED_SOURCES: lambda view: _imported_table(view, "Sources", "source"),
}
