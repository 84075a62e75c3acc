"""The pages of one site: what was agreed to, what was disclosed, and why a figure is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from askfirst.terms.terms import Terms
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.closing.today import read_today
from askfirst_collector.dashboard.figures import panels as figures
from askfirst_collector.dashboard.figures.agreement import rates
from askfirst_collector.dashboard.figures.cards import (
    GOALS,
    cards_of,
    tables_of_cards,
    tabs_of,
    words_of,
)
from askfirst_collector.dashboard.figures.exports import (
    KINDS,
    View,
    days_before,
    file_of,
    response_of,
)
from askfirst_collector.dashboard.figures.goals import funnel_of, goals_before, goals_of
from askfirst_collector.dashboard.figures.imported import other_tool
from askfirst_collector.dashboard.figures.panels import rows_before
from askfirst_collector.dashboard.figures.timeline import timeline
from askfirst_collector.dashboard.figures.totals import filtered_totals, totals
from askfirst_collector.dashboard.figures.why_missing import (
    explanation,
    next_closing,
    no_line,
)
from askfirst_collector.dashboard.layout.alerts import notices
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.menu import AGREEMENT, menu
from askfirst_collector.dashboard.layout.page import Handler, Layout, Page
from askfirst_collector.dashboard.layout.templates import Pages
from askfirst_collector.dashboard.selection.date_range import (
    COMPARISONS,
    PRESETS,
    DateRange,
    read_date_range,
)
from askfirst_collector.dashboard.selection.query import query
from askfirst_collector.dashboard.selection.source import DataSource, read_source, subjects
from askfirst_collector.dashboard.selection.tables import ANSWERS, Heading, tables_of
from askfirst_collector.explain import explain
from askfirst_collector.ledger.milestones import milestones
from askfirst_collector.members.permissions import may, visible
from askfirst_collector.reports.advice import advised_closes
from askfirst_collector.reports.agreement import agreement, days_of_answers
from askfirst_collector.reports.pairs import pair_level, pair_table
from askfirst_collector.reports.ranges import daily, reports
from askfirst_collector.services import Services


@dataclass(frozen=True)
class Step:
    """One thing that has to be so before there are figures, and the page that sees to it."""

    text: str
    is_done: bool
    page: str


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
            Page("/sites/{site}/goals", "site.read", self._of(self.goals), figures=True),
            Page(
                f"/sites/{{site}}/{AGREEMENT}", "site.read", self._of(self.agreement), figures=True
            ),
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
        """How many, from where, what, and whether it did any good."""
        site = subject.site
        span, terms = self._span(request, subject)
        if terms is None and not subject.collector:
            return self.policy(request, visit, site)
        if terms is None:
            raise HTTPException(404)
        wanted = span.wanted(site.name)
        cards = tabs_of(tables_of(terms))
        tables = [ANSWERS.table, *tables_of_cards(cards, span, terms)]
        by_table = reports(self._parts, wanted, [*tables, GOALS] if terms.goals else tables)
        days = daily(self._parts, wanted, by_table[ANSWERS.table].periods)
        before = days_before(self._parts, span, site.name)
        filter, gathering = span.filter, site.host is not None
        if filter is None:
            today = read_today(
                self._parts.engine,
                site.name,
                wanted.purpose,
                terms.min_cell_size,
                site.calendar,
                self._parts.now(),
            )
            goals, answers = by_table.get(GOALS), by_table[ANSWERS.table]
            rate = agreement(days_of_answers(self._parts, wanted))
            figures = totals(days, before, answers, goals, terms, today, rate, gathering=gathering)
            count = today.visitors if today is not None and not subject.collector else None
            other = other_tool(self._parts, site.name, span, subject.policy, days)
            line = timeline(days, before, span, terms, site.calendar.zone, count, other)
        else:
            pair = pair_table(terms, filter, GOALS)
            figures = filtered_totals(
                filter, by_table[filter.table], by_table[pair] if pair else None, terms
            )
            line = None
        closes = advised_closes(days, terms.closes)
        return self._page(
            request,
            visit,
            subject,
            "overview.html",
            span=span,
            closes=terms.closes,
            closing=next_closing(terms, site.calendar, self._parts.now(), gathering=gathering),
            figures=figures,
            timeline=line,
            cards=cards_of(cards, by_table, span, terms),
            any_shown=any(day.reason is None for day in days),
            steps=self._steps(visit, subject, terms),
            purposes=subject.titles,
            explanation=self._explanation(subject, terms),
            advice=closes
            and f'Few agreeing visitors come in a day. With closes = "{closes}" in the policy '
            "more lines would be shown; the totals of each day would still be.",
        )

    def goals(self, request: Request, visit: Visit, subject: DataSource) -> Response:
        """Goals with their rates, by what they are counted with, and funnels."""
        span, terms = self._span(request, subject)
        if terms is None:
            raise HTTPException(404)
        site = subject.site.name
        by = request.query_params.get("beside", "")
        goals = goals_of(self._parts, span, site, terms, by)
        tables = [f"funnel {name}" for name in terms.funnels]
        funnels = reports(self._parts, span.wanted(site), tables) if tables else {}
        return self._page(
            request,
            visit,
            subject,
            "goals.html",
            span=span,
            goals=goals,
            before=goals_before(self._parts, span, site, terms, by),
            steps_before={
                name: rows_before(self._parts, span, site, table, terms)
                for name, table in zip(terms.funnels, tables, strict=True)
            },
            funnels=[
                funnel_of(self._parts, span, site, terms, name, funnels[f"funnel {name}"])
                for name in terms.funnels
            ],
            purposes=subject.titles,
            explanation=self._explanation(subject, terms),
            why=no_line(f"action*{goals.chosen}", terms, any_closed=True),
        )

    def agreement(self, request: Request, visit: Visit, subject: DataSource) -> Response:
        """How many of those who answered agreed, by purpose and day, where refusals are counted."""
        span, terms = self._span(request, subject)
        if terms is None or subject.collector:  # on which pages was refused nobody knows
            raise HTTPException(404)
        return self._page(
            request,
            visit,
            subject,
            "agreement.html",
            span=span,
            counts=subject.policy.count_refusals,
            **rates(self._parts, span, subject.site.name, subject.titles),
            size=terms.min_cell_size,
            purposes=subject.titles,
            explanation=self._explanation(subject, terms),
        )

    def table(self, request: Request, visit: Visit, subject: DataSource) -> Response:
        """One table, whole, or those of its lines that are searched for."""
        span, terms, heading = self._table(request, subject)
        search = request.query_params.get("q", "").strip()[:100]
        name = subject.site.name
        return self._page(
            request,
            visit,
            subject,
            "table.html",
            span=span,
            search=search,
            panel=figures.panel(self._parts, span, name, heading, terms, search=search),
            pairs=[
                h
                for h in tables_of(terms)
                if heading.table in h.table.split("*")[:2] and "*" in h.table
            ],
            levels=() if "*" in heading.table else (pair_level(heading.table),),
            purposes=subject.titles,
            explanation=self._explanation(subject, terms),
        )

    def export(self, request: Request, _visit: Visit, subject: DataSource) -> Response:
        """What a page shows, as CSV or JSON."""
        kind, view = request.path_params["kind"], request.path_params["table"]
        span, terms = self._span(request, subject)
        of = View(self._parts, subject.site, span, terms, request.query_params)
        file = file_of(of, view) if kind in KINDS else None
        if file is None:
            raise HTTPException(404)
        whose = "-".join(filter(None, (subject.site.name, subject.collector, view)))
        return response_of(file, kind, f"{whose}-{span.first}-{span.last}")

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
        terms = subject.terms(span.purpose)
        known = {heading.table for heading in tables_of(terms)} if terms else set()
        if span.filter is not None and span.filter.table not in known:
            span = replace(span, filter=None)
        return span, terms

    def _steps(self, visit: Visit, subject: DataSource, terms: Terms) -> tuple[Step, ...]:
        """Whether everything is in place, for those who can see to it."""
        if subject.collector or not may(visit.member, "site.change", subject.site.name):
            return ()
        happened = milestones(self._parts.engine, subject.site.name, self._parts.events)
        if happened.granted and happened.counted and terms.goals:
            return ()
        return (
            Step("The notice was answered on the site", happened.granted, "start"),
            Step("The first page view was stored", happened.counted, "start"),
            Step("A goal is named in the policy", bool(terms.goals), "publish"),
            Step("The site was looked at by askfirst doctor", False, "test"),
        )[: 4 if not happened.counted else 3]

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
        sites = visible(visit.member, self._parts.registry.sites())
        tables, member = tables_of(terms) if terms else (), visit.member
        values.setdefault("span", span)
        filter = values["span"].filter
        return self._pages.page(
            request,
            template,
            visit=visit,
            site=site,
            subject=subject,
            collectors=collectors,
            edition=site.editions.current,
            here=current,
            frame=menu(member, sites, site.name, current, span, tables),
            presets=PRESETS,
            comparisons=COMPARISONS,
            sources={heading.table: heading.title for heading in tables},
            filter_words=words_of(filter.table, filter.path)[0] if filter else "",
            may_publish=may(member, "site.change", site.name),
            simulated=(self._parts.folder.path / "simulated").exists(),
            notices=notices(self._parts, visit.member, site),
            **values,
        )
