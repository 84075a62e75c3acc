"""What another tool counted before, in one picture with ours: side by side, never added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.figures.charts import Columns, Point, columns
from askfirst_collector.dashboard.figures.timeline import (
    OtherTool,
    closes_of_columns,
    period_of_day,
)
from askfirst_collector.dashboard.figures.why_missing import period_name, short_name
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.site import SiteLayout
from askfirst_collector.dashboard.layout.templates import number
from askfirst_collector.dashboard.selection.date_range import (
    PRESETS,
    DateRange,
    read_date_range,
    usual_purpose,
)
from askfirst_collector.imports.cells import PAGE, SOURCE
from askfirst_collector.imports.formats import FORMATS
from askfirst_collector.reports.ranges import NOT_COUNTED, Period, daily, total
from askfirst_collector.services import Services
from askfirst_collector.store.imported import (
    imported_days,
    imported_sums,
    imports_of,
)
from askfirst_collector.store.periods import periods_between

LINES = 100  # of a table
_USUAL = {"range": "12m"}
_KINDS = (("Pages", PAGE), ("Sources", SOURCE))
Day = tuple[str, int | None, int | None]  # the day, page views counted here, and imported
Rows = list[tuple[str, int | None, int | None]]  # value, visitors by day, page views


@dataclass(frozen=True)
class Line:
    """Some days: page views that were counted here, and by the other tool; None: not shown."""

    name: str
    ours: int | None
    theirs: int | None


@dataclass(frozen=True)
class ImportedView:
    """What is shown of one tool over a range, oldest day first."""

    source: str
    days: tuple[Day, ...]
    tables: tuple[tuple[str, Rows], ...]


def imported_view(parts: Services, site: Site, span: DateRange, tool: str) -> ImportedView | None:
    """What was imported of a tool, else of the first there is, beside ours; None for nothing."""
    sources = [entry.source for entry in imports_of(parts.engine, site.name)]
    if not sources:
        return None
    source = tool if tool in sources else sources[0]
    first, last = span.first.isoformat(), span.last.isoformat()
    theirs = imported_days(parts.engine, site.name, first, last).get(source, {})
    ours = daily(parts, span.wanted(site.name)) if span.purpose else ()
    own = {day.period: day.views for day in ours if day.closes == "day"}
    days = [
        (name, own.get(name), theirs[name].views if name in theirs else None)
        for name in periods_between("day", first, last)
    ]
    month = span.first.replace(day=1).isoformat()
    tables = tuple(
        (title, imported_sums(parts.engine, site.name, source, table, month, last, LINES))
        for title, table in _KINDS
    )
    return ImportedView(source, tuple(days), tables)


def other_tool(
    parts: Services, site: str, span: DateRange, policy: Policy, days: Sequence[Period]
) -> OtherTool | None:
    """What another tool counted on days of which nothing was counted here.

    Of several that of the most days. Its figures are of everybody who came, so that they stand
    beside the site's own, of the purpose that says most, and beside no filter.
    """
    gaps = [day.period for day in days if day.closes == "day" and day.reason in NOT_COUNTED]
    whole = span.filter is None and not span.collector and span.purpose == usual_purpose(policy)
    if not gaps or not whole:
        return None
    by_tool = {
        tool: {day: figures[day] for day in gaps if day in figures}
        for tool, figures in imported_days(parts.engine, site, gaps[0], gaps[-1]).items()
    }
    tool = max(by_tool, key=lambda name: len(by_tool[name]), default="")
    return OtherTool(FORMATS[tool].title, by_tool[tool]) if by_tool.get(tool) else None


class ImportedPages:
    """The handler."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """The page."""
        return [Page("/sites/{site}/imported", "site.read", self.show)]

    async def show(self, request: Request, visit: Visit) -> Response:
        """Page views by day, week or month, and the most visited pages and sources."""
        return await run_in_threadpool(self._show, request, visit)

    def _show(self, request: Request, visit: Visit) -> Response:
        site = self._parts.registry.site(request.path_params["site"])
        if site is None:
            raise HTTPException(404)
        query = {**request.query_params}
        query |= {} if query.keys() & {"range", "from", "to"} else _USUAL
        today = site.calendar.day_of(self._parts.now())
        span = read_date_range(site.editions.current.policy, query, today=today)
        shown = imported_view(self._parts, site, span, query.get("tool", ""))
        lines, chart = _lines(shown.days) if shown is not None else ([], None)
        return self._layout.page(
            request,
            visit,
            "imported.html",
            imports=imports_of(self._parts.engine, site.name),
            titles={name: tool.title for name, tool in FORMATS.items()},
            formats=FORMATS,
            shown=shown,
            span=span,
            file_query=span.query + (f"&tool={shown.source}" if shown is not None else ""),
            presets=PRESETS,
            lines=lines,
            chart=chart,
        )


def _lines(days: Sequence[Day]) -> tuple[list[Line], Columns]:
    """The days, or weeks or months of them, as rows, newest first, and as columns."""
    closes = closes_of_columns(len(days))
    lines, points = [], []
    for period, group in groupby(days, lambda day: period_of_day(closes, day[0])):
        own = list(group)
        views, before = total(day[1] for day in own), total(day[2] for day in own)
        line = Line(period_name(closes, period), views, before)
        lines.append(line)
        points.append(_point(line, short_name(closes, period)))
    return lines[::-1], columns(points)


def _point(line: Line, label: str) -> Point:
    if line.ours is None and line.theirs is None:
        return Point(label, None, f"{line.name}: not shown", "missing")
    ours = f"{number(line.ours)} counted here" if line.ours is not None else ""
    theirs = f"{number(line.theirs)} imported" if line.theirs is not None else ""
    text = f"{line.name}: {', '.join(filter(None, (ours, theirs)))}"
    if line.ours is None:
        return Point(label, line.theirs, text, "imported")
    return Point(label, line.ours, text, before=line.theirs)
