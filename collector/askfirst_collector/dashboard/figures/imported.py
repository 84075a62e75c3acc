"""What another tool counted before, in one picture with ours: side by side, never added up."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
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
from askfirst_collector.dashboard.layout.site import SiteLayout, read_own_form, to
from askfirst_collector.dashboard.layout.templates import number
from askfirst_collector.dashboard.layout.upload import LARGEST as UPLOAD
from askfirst_collector.dashboard.layout.upload import Upload, read_upload
from askfirst_collector.dashboard.selection.date_range import (
    PRESETS,
    DateRange,
    read_date_range,
    usual_purpose,
)
from askfirst_collector.imports.cells import PAGE, SOURCE, Sums
from askfirst_collector.imports.formats import FORMATS
from askfirst_collector.imports.problems import ImportProblems
from askfirst_collector.imports.table_file import Export
from askfirst_collector.members.permissions import may
from askfirst_collector.reports.ranges import NOT_COUNTED, Period, daily, total
from askfirst_collector.services import Services
from askfirst_collector.store.imported import (
    imported_days,
    imported_sums,
    imports_of,
)
from askfirst_collector.store.periods import periods_between
from askfirst_collector.usecases.imported_figures import import_figures, remove_imported

LINES = 100  # of a table
UNPACKED = 32_000_000  # bytes of a file that is sent; a larger one is for the command
_PATH = "/sites/{site}/imported"
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
    theirs = imported_days(parts.engine, site.name, (source,), first, last).get(source, {})
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
        for tool, figures in imported_days(
            parts.engine, site, tuple(FORMATS), gaps[0], gaps[-1]
        ).items()
    }
    tool = max(by_tool, key=lambda name: len(by_tool[name]), default="")
    return OtherTool(FORMATS[tool].title, by_tool[tool]) if by_tool.get(tool) else None


class ImportedPages:
    """The handlers."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout
        self._reading = threading.Lock()  # one file at a time: each may take much memory

    def pages(self) -> list[Page]:
        """The page, and its forms."""
        return [
            Page(_PATH, "site.read", self.show),
            Page(_PATH, "site.change", self.take, "POST"),
            Page(f"{_PATH}/forget", "site.change", self.forget, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """Page views by day, week or month, and the most visited pages and sources."""
        return await run_in_threadpool(self._show, request, visit)

    async def take(self, request: Request, visit: Visit) -> Response:
        """Take what the export of a tool says."""
        upload = await read_upload(request, visit)
        return await run_in_threadpool(self._take, request, visit, upload)

    async def forget(self, request: Request, visit: Visit) -> Response:
        """Forget what was taken of a tool; asking twice is asking once."""
        form = await read_own_form(request, visit)
        site, tool = request.path_params["site"], form.get("tool", "")
        try:
            await run_in_threadpool(remove_imported, self._parts, visit.member, site, tool)
        except Refused as error:
            if error.reason != Reason.NOT_FOUND:
                raise
        return to(request, f"/sites/{site}/imported")

    def _take(self, request: Request, visit: Visit, upload: Upload) -> Response:
        tool, content = upload.fields.get("tool", ""), upload.content
        if tool not in FORMATS or content is None:
            what = "Choose the tool, and the file that it exported."
            return self._show(request, visit, problems=[what], tool=tool, status=422)
        if not self._reading.acquire(blocking=False):
            what = "Another file is being read. Send this one again in a minute."
            return self._show(request, visit, problems=[what], tool=tool, status=429)
        try:
            sums = self._sums(
                request, tool, Export(upload.name, lambda: BytesIO(content), UNPACKED)
            )
            site = request.path_params["site"]
            result = import_figures(self._parts, visit.member, site, tool, sums)
        except ImportProblems as error:
            problems = str(error).splitlines()
            return self._show(request, visit, problems=problems, tool=tool, status=422)
        finally:
            self._reading.release()
        return self._show(request, visit, messages=list(result.lines()), tool=tool)

    def _sums(self, request: Request, tool: str, export: Export) -> Sums:
        calendar = self._parts.registry.calendar(request.path_params["site"])
        return FORMATS[tool].read(export, calendar.day_of)

    def _show(
        self,
        request: Request,
        visit: Visit,
        *,
        problems: Sequence[str] = (),
        messages: Sequence[str] = (),
        tool: str = "",
        status: int = 200,
    ) -> Response:
        site = self._parts.registry.site(request.path_params["site"])
        if site is None:
            raise HTTPException(404)
        query = {**request.query_params}
        query |= {} if query.keys() & {"range", "from", "to"} else _USUAL
        today = site.calendar.day_of(self._parts.now())
        span = read_date_range(site.editions.current.policy, query, today=today)
        shown = imported_view(self._parts, site, span, tool or query.get("tool", ""))
        lines, chart = _lines(shown.days) if shown is not None else ([], None)
        return self._layout.page(
            request,
            visit,
            "imported.html",
            status=status,
            imports=imports_of(self._parts.engine, site.name),
            titles={name: tool.title for name, tool in FORMATS.items()},
            formats=FORMATS,
            shown=shown,
            span=span,
            file_query=span.query + (f"&tool={shown.source}" if shown is not None else ""),
            presets=PRESETS,
            lines=lines,
            chart=chart,
            problems=problems,
            messages=messages,
            tool=tool,
            may_import=may(visit.member, "site.change", site.name),
            largest=UPLOAD // 1_000_000,
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
