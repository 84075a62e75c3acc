"""From an invitation to the first counted visit: one page, each step done by what is really so."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.terms.reading import NAME
from askfirst_collector.catalogue.first_policy import FURTHER, LEVELS
from askfirst_collector.dashboard.figures.why_missing import ends
from askfirst_collector.dashboard.layout.forms import Visit, origin_of
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.site import SiteLayout
from askfirst_collector.dashboard.selection.date_range import asked_purposes, usual_purpose
from askfirst_collector.dashboard.sites.snippets import WAYS, Snippet, snippets
from askfirst_collector.frameworks import DJANGO, FRAMEWORKS
from askfirst_collector.ledger.milestones import milestones
from askfirst_collector.services import Services
from askfirst_collector.usecases.site_keys import read_site_keys


@dataclass(frozen=True)
class Progress:
    """Which of the steps are done."""

    published: bool
    keyed: bool
    granted: bool
    counted: bool

    @property
    def present(self) -> str:
        """The first step that is not done."""
        names = ("published", "keyed", "granted", "counted")
        return next((name for name in names if not getattr(self, name)), "")


class Onboarding:
    """The handler."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """The page."""
        return [Page("/sites/{site}/start", "site.change", self.show)]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The steps, and what to do for the next one."""
        return await run_in_threadpool(self._show, request, visit)

    def _show(self, request: Request, visit: Visit) -> Response:
        name = request.path_params["site"]
        if not NAME.fullmatch(name):
            raise HTTPException(404)
        site = self._parts.registry.site(name)
        keys = read_site_keys(self._parts, name)
        happened = milestones(self._parts.engine, name, self._parts.events)
        way = request.query_params.get("way", "relay")
        way = way if way in WAYS else "relay"
        policy = site.editions.current.policy if site else None
        purpose = usual_purpose(policy) if policy else ""
        terms = asked_purposes(policy)[purpose].terms if policy and purpose else None
        framework = FRAMEWORKS.get(request.query_params.get("framework", ""), DJANGO)
        lines: tuple[Snippet, ...] = ()
        if site:
            lines = snippets(way, name, origin_of(request), framework)
        return self._layout.page(
            request,
            visit,
            "start.html",
            progress=Progress(
                site is not None, bool(keys) or way != "relay", happened.granted, happened.counted
            ),
            policy=policy,
            terms=terms,
            ends=ends(terms.closes, site.calendar.zone) if site and terms else "",
            keys=keys,
            way=way,
            ways=WAYS,
            framework=framework,
            frameworks=() if way == "files" else tuple(FRAMEWORKS.values()),
            snippets=lines,
            levels=LEVELS,
            further=FURTHER,
            form={},
            beside={},
        )
