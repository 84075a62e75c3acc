"""The pages of one site: what was agreed to, what was disclosed, and why a figure is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from askfirst.terms.terms import Terms
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.figures import panels as figures
from askfirst_collector.dashboard.figures.why_missing import explanation
from askfirst_collector.dashboard.layout.alerts import notices
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.menu import menu
from askfirst_collector.dashboard.layout.page import Handler, Layout, Page
from askfirst_collector.dashboard.layout.templates import Pages
from askfirst_collector.dashboard.selection.date_range import DateRange, read_date_range
from askfirst_collector.dashboard.selection.query import query
from askfirst_collector.dashboard.selection.source import DataSource, read_source, subjects
from askfirst_collector.dashboard.selection.tables import ANSWERS, HOURS, Heading, tables_of
from askfirst_collector.explain import explain
from askfirst_collector.members.permissions import may, visible
from askfirst_collector.reports import export
from askfirst_collector.reports.advice import advised_closes
from askfirst_collector.reports.ranges import daily, report, reports
from askfirst_collector.services import Services

TIMELINE = "time-line"


class Views:
    """The handlers of a site's pages; every figure on them comes from `reports`."""

    def __init__(self, parts: Services, pages: Pages, layout: Layout) -> None:
        self._parts = parts
        self._pages = pages
        self._layout = layout

    def pages(self) -> list[Page]:
        """The pages, in the order in which they are tried."""
        return [
            Page("/", None, self.first),
            Page("/sites/{site}", "site.read", self._of(self.overview), figures=True),
            Page("/sites/{site}/policy", "site.read", self._in_thread(self.policy)),
            Page("/sites/{site}/{table}.{kind}", "site.read", self._of(self.export), figures=True),
            Page("/sites/{site}/{table}", "site.read", self._of(self.table), figures=True),
        ]

    async def first(self, request: Request, visit: Visit) -> Response:
        """The first site of the member, or collector; where there is none yet, what to do."""
        path = await run_in_threadpool(self._first_of, visit)
        if path is None:
            show = self._layout.page
            return await run_in_threadpool(show, request, visit, "no-site.html")
        base = request.scope.get("root_path", "")
        return RedirectResponse(f"{base}{path}", status_code=303)

    def _first_of(self, visit: Visit) -> str | None:
        sites = self._parts.registry.sites()
        for site in (*visible(visit.member, sites), *sites):
            for collector in subjects(self._parts, visit.member, site):
                return f"/sites/{site}{query({'collector': collector})}"
        own = sorted(visit.member.sites)
        expected = (name for name in own if may(visit.member, "site.change", name))
        return next((f"/sites/{name}/start" for name in expected), None)

    def overview(self, request: Request, visit: Visit, subject: DataSource) -> Response:
        """Everything at a glance."""
        site = subject.site
        span, terms = self._span(request, subject)
        if terms is None and not subject.collector:
            return self.policy(request, visit, site)
        if terms is None:
            raise HTTPException(404)
        wanted = span.wanted(site.name)
        headings = [
            heading
            for heading in tables_of(terms)
            if heading is not HOURS and "*" not in heading.table
        ]
        by_table = reports(self._parts, wanted, [heading.table for heading in headings])
        shown = [
            figures.panel_of(by_table[heading.table], heading, terms, preview=True)
            for heading in headings
            if heading.table != "drops" or by_table[heading.table].rows
        ]
        answers = by_table[ANSWERS.table]
        days = daily(self._parts, wanted)
        closes = advised_closes(days, terms.closes)
        return self._page(
            request,
            visit,
            subject,
            "overview.html",
            span=span,
            closes=terms.closes,
            figures=figures.totals(self._parts, terms, answers, gathering=site.host is not None),
            timeline=figures.timeline(days, terms, site.calendar.zone),
            panels=sorted(shown, key=lambda heading: not heading.lines),
            purposes=subject.titles,
            explanation=self._explanation(subject, terms),
            advice=closes
            and f'Few agreeing visitors come in a day. With closes = "{closes}" in the policy '
            "more lines would be shown; the totals of each day would still be.",
        )

    def table(self, request: Request, visit: Visit, subject: DataSource) -> Response:
        """One table, whole."""
        span, terms, heading = self._table(request, subject)
        return self._page(
            request,
            visit,
            subject,
            "table.html",
            span=span,
            panel=figures.panel(self._parts, span.wanted(subject.site.name), heading, terms),
            purposes=subject.titles,
            explanation=self._explanation(subject, terms),
        )

    def export(self, request: Request, _visit: Visit, subject: DataSource) -> Response:
        """One table, or the line of time, as CSV or JSON."""
        kind = request.path_params["kind"]
        if kind not in ("csv", "json"):
            raise HTTPException(404)
        site = subject.site.name
        if request.path_params["table"] == TIMELINE:
            span, _ = self._span(request, subject)
            periods = daily(self._parts, span.wanted(site))
            body: object = [export.json_of_period(period) for period in periods]
            text = export.csv_of_periods(periods) if kind == "csv" else ""
        else:
            span, _, heading = self._table(request, subject)
            table_report = report(self._parts, span.wanted(site), heading.table)
            body, text = (
                export.json_of(table_report),
                export.csv_of(table_report) if kind == "csv" else "",
            )
        whose = "-".join(filter(None, (site, subject.collector, request.path_params["table"])))
        name = f"{whose}-{span.first}-{span.last}.{kind}"
        return Response(
            text if kind == "csv" else orjson.dumps(body, option=orjson.OPT_INDENT_2),
            media_type="text/csv; charset=utf-8" if kind == "csv" else "application/json",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    def policy(self, request: Request, visit: Visit, site: Site) -> Response:
        """The policy in force, in the words visitors read."""
        purposes = explain(site.editions.current.policy)
        subject = read_source(self._parts, site, "")
        return self._page(request, visit, subject, "policy.html", purposes=purposes)

    def _in_thread(self, handler: Callable[[Request, Visit, Site], Response]) -> Handler:
        """The handler beside the event loop, for the site of the address."""

        def of_site(request: Request, visit: Visit) -> Response:
            site = self._parts.registry.site(request.path_params["site"])
            if site is None:
                raise HTTPException(404)
            return handler(request, visit, site)

        async def handled(request: Request, visit: Visit) -> Response:
            return await run_in_threadpool(of_site, request, visit)

        return handled

    def _of(self, handler: Callable[[Request, Visit, DataSource], Response]) -> Handler:
        """The handler for the site of the address, or for a collector that is asked for."""

        def of_subject(request: Request, visit: Visit, site: Site) -> Response:
            collector = request.query_params.get("collector", "")
            return handler(request, visit, read_source(self._parts, site, collector))

        return self._in_thread(of_subject)

    def _explanation(self, subject: DataSource, terms: Terms) -> str:
        gathering, calendar = subject.site.host is not None, subject.site.calendar
        return explanation(terms, calendar, self._parts.now(), gathering=gathering)

    def _span(self, request: Request, subject: DataSource) -> tuple[DateRange, Terms | None]:
        span = read_date_range(
            subject.policy,
            request.query_params,
            today=subject.site.calendar.day_of(self._parts.now()),
            collector=subject.collector,
        )
        return span, subject.terms(span.purpose)

    def _table(self, request: Request, subject: DataSource) -> tuple[DateRange, Terms, Heading]:
        span, terms = self._span(request, subject)
        slug = request.path_params["table"]
        candidates = (
            (candidate for candidate in tables_of(terms) if candidate.slug == slug)
            if terms
            else iter(())
        )
        heading = next(candidates, None)
        if terms is None or heading is None:
            raise HTTPException(404)
        return span, terms, heading

    def _page(
        self, request: Request, visit: Visit, subject: DataSource, template: str, **values: Any
    ) -> Response:
        site = subject.site
        current = request.url.path.removeprefix(request.scope.get("root_path", ""))
        span, terms = self._span(request, subject)
        collectors = subjects(self._parts, visit.member, site.name)
        return self._pages.page(
            request,
            template,
            visit=visit,
            site=site,
            subject=subject,
            collectors=collectors,
            edition=site.editions.current,
            here=current,
            menu=menu(
                visit.member,
                visible(visit.member, self._parts.registry.sites()),
                site.name,
                current,
                span,
                tables_of(terms) if terms else (),
                collectors,
            ),
            simulated=(self._parts.folder.path / "simulated").exists(),
            notices=notices(self._parts, visit.member, site),
            **values,
        )
