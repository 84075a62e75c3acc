"""What another tool counted before, in one picture with ours: side by side, never added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.terms.time_zone import first_day
from askfirst_collector.dashboard.figures.charts import Columns, Point, columns
from askfirst_collector.dashboard.figures.timeline import MOST
from askfirst_collector.dashboard.figures.why_missing import period_name, short_name
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.site import SiteLayout
from askfirst_collector.dashboard.layout.templates import number
from askfirst_collector.dashboard.selection.date_range import (
    PRESETS,
    DateRange,
    read_date_range,
)
from askfirst_collector.imports.cells import PAGE, SOURCE
from askfirst_collector.imports.formats import FORMATS
from askfirst_collector.reports.ranges import Period, daily, total
from askfirst_collector.services import Services
from askfirst_collector.store.imported import (
    imported_days,
    imported_sums,
    imports_of,
)

LINES = 10  # of a table


@dataclass(frozen=True)
class Line:
    """Some days: page views that were counted here, and by the other tool; None: not shown."""

    name: str
    ours: int | None
    theirs: int | None


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
        engine, policy = self._parts.engine, site.editions.current.policy
        imports = imports_of(engine, site.name)
        sources = [entry.source for entry in imports]
        source = request.query_params.get("tool", "")
        source = source if source in sources else next(iter(sources), "")
        query = {**request.query_params}
        if not query.keys() & {"range", "from", "to"}:
            query["range"] = "12m"
        span = read_date_range(policy, query, today=site.calendar.day_of(self._parts.now()))
        first, last = span.first.isoformat(), span.last.isoformat()
        theirs = imported_days(engine, site.name, first, last).get(source, {})
        ours = daily(self._parts, span.wanted(site.name)) if span.purpose else ()
        lines, chart = _lines(ours, theirs, span)
        month = span.first.replace(day=1).isoformat()
        return self._layout.page(
            request,
            visit,
            "imported.html",
            imports=imports,
            titles={name: tool.title for name, tool in FORMATS.items()},
            formats=FORMATS,
            source=source,
            span=span,
            presets=PRESETS,
            lines=lines,
            chart=chart,
            tables=[
                (title, imported_sums(engine, site.name, source, table, month, last, LINES))
                for title, table in (("Pages", PAGE), ("Sources", SOURCE))
            ],
        )


def _lines(
    ours: Sequence[Period], theirs: Mapping[str, int], span: DateRange
) -> tuple[list[Line], Columns]:
    """The same days as rows, newest first, and as columns."""
    own = {day.period: day.views for day in ours if day.closes == "day"}
    days = [date.fromordinal(n) for n in range(span.first.toordinal(), span.last.toordinal() + 1)]
    closes = "day" if len(days) <= MOST else "week" if len(days) <= 7 * MOST else "month"
    lines, points = [], []
    for period, group in groupby(days, lambda day: first_day(closes, day).isoformat()):
        names = [day.isoformat() for day in group]
        views = total(own.get(name) for name in names)
        before = total(theirs.get(name) for name in names)
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
