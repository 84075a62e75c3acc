"""Links that show figures to whoever has them: the page that makes them, and what they open."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.shares import Share, find_share, shares_of
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.figures.extract import SHOWN, extract
from askfirst_collector.dashboard.layout.forms import Visit, origin_of
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.site import SiteLayout, read_own_form, to
from askfirst_collector.dashboard.layout.templates import HEADERS, Pages
from askfirst_collector.dashboard.selection.date_range import (
    PRESETS,
    asked_purposes,
    read_date_range,
    usual_purpose,
)
from askfirst_collector.dashboard.selection.source import read_source
from askfirst_collector.services import Services
from askfirst_collector.usecases.shares import create_share, end_share

USUAL = timedelta(days=90)
EMBEDDED = "frame-ancestors *"


class Sharing:
    """The handlers."""

    def __init__(self, parts: Services, pages: Pages, layout: SiteLayout) -> None:
        self._parts = parts
        self._pages = pages
        self._layout = layout

    def pages(self) -> list[Page]:
        """The pages on which links are made and ended."""
        shares = "/sites/{site}/shares"
        return [
            Page(shares, "site.change", self.show),
            Page(shares, "site.change", self.create, "POST"),
            Page(f"{shares}/end", "site.change", self.end, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The links that work, and a form for another."""
        return await run_in_threadpool(self._show, request, visit)

    async def create(self, request: Request, visit: Visit) -> Response:
        """Make a link; its address is shown this once where it is secret."""
        form = await read_own_form(request, visit)
        return await run_in_threadpool(self._create, request, visit, form)

    async def end(self, request: Request, visit: Visit) -> Response:
        """Make one link stop working now."""
        form = await read_own_form(request, visit)
        site = request.path_params["site"]
        await run_in_threadpool(end_share, self._parts, visit.member, site, form.get("id", ""))
        return to(request, f"/sites/{site}/shares")

    async def open(self, request: Request) -> Response:
        """What a link shows; 404 for one that is over, and for any other word."""
        return await run_in_threadpool(self._open, request)

    def _create(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        site = self._site(request)
        policy, days = site.editions.current.policy, form.get("days", "")
        purpose = form.get("purpose", "")
        try:
            entry, word = create_share(
                self._parts,
                visit.member,
                site.name,
                purpose=purpose if purpose in asked_purposes(policy) else usual_purpose(policy),
                cards=[name for name in SHOWN if f"card.{name}" in form],
                days=days if days in PRESETS else "28d",
                lasts=self._days_until(site, form.get("until", "")),
                public=form.get("public") == "1",
                embeds="embeds" in form,
            )
        except Refused as error:
            if error.reason not in (Reason.BAD_SHAPE, Reason.TOO_MANY_REQUESTS):
                raise
            return self._show(request, visit, problem=message(error), status=error.status)
        return self._show(request, visit, entry=entry, word=word)

    def _show(
        self,
        request: Request,
        visit: Visit,
        *,
        problem: str = "",
        status: int = 200,
        entry: Share | None = None,
        word: str = "",
    ) -> Response:
        site = self._site(request)
        purposes = read_source(self._parts, site, "").titles
        prefix = f"{origin_of(request)}{request.scope.get('root_path', '')}/shared/"
        return self._layout.page(
            request,
            visit,
            "shares.html",
            status=status,
            shares=shares_of(self._parts.engine, site.name, self._parts.now()),
            shown=SHOWN,
            presets=PRESETS,
            purposes=purposes,
            usual=usual_purpose(site.editions.current.policy),
            until=site.calendar.day_of(self._parts.now()) + USUAL,
            problem=problem,
            entry=entry,
            address=f"{prefix}{word}",
            public_address=f"{prefix}{site.name}",
        )

    def _open(self, request: Request) -> Response:
        entry = find_share(self._parts.engine, request.path_params["word"], self._parts.now())
        site = self._parts.registry.site(entry.site) if entry is not None else None
        if entry is None or site is None or site.retired:
            raise HTTPException(404)
        response = self._pages.page(
            request, "shared.html", share=entry, **self._figures(site, entry)
        )
        if entry.embeds:
            policy = HEADERS["content-security-policy"]
            response.headers["content-security-policy"] = policy.replace(
                "frame-ancestors 'none'", EMBEDDED
            )
        return response

    def _figures(self, site: Site, entry: Share) -> dict[str, Any]:
        """What the overview shows of the same days, as far as the link does."""
        subject, now = read_source(self._parts, site, ""), self._parts.now()
        asked_for = {"purpose": entry.purpose, "range": entry.days, "compare": "none"}
        span = read_date_range(subject.policy, asked_for, today=site.calendar.day_of(now))
        terms = subject.terms(span.purpose)
        # Another purpose than the one that was shared is nobody's to see.
        if terms is None or span.purpose != entry.purpose:
            raise HTTPException(404)
        shown = extract(self._parts, site, span, terms, entry.cards)
        return {
            "span": span,
            "site": site,
            "figures": shown.figures,
            "timeline": shown.timeline,
            "cards": shown.cards,
            "explanation": shown.explanation,
        }

    def _site(self, request: Request) -> Site:
        site = self._parts.registry.site(request.path_params["site"])
        if site is None:
            raise HTTPException(404)
        return site

    def _days_until(self, site: Site, text: str) -> int:
        """How many days the link lasts: to the end of the day that is written."""
        try:
            until = date.fromisoformat(text)
        except ValueError:
            return 0
        return (until - site.calendar.day_of(self._parts.now())).days
