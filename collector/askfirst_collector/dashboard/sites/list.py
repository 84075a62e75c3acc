"""The sites of a member and how each stands, with those that are not published yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from askfirst.terms.reading import NAME
from askfirst_collector.api.serialize import state_of
from askfirst_collector.catalogue.placed import PlacedCollector
from askfirst_collector.catalogue.scheduled import Scheduled
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.figures.why_missing import period_name
from askfirst_collector.dashboard.layout.alerts import STATES
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.page import Layout, Page
from askfirst_collector.dashboard.layout.site import read_own_form, to
from askfirst_collector.members.permissions import Member, may, visible
from askfirst_collector.reports.ranges import Period, newest_closed
from askfirst_collector.services import Services


@dataclass(frozen=True)
class Line:
    """One site in the list."""

    site: Site
    state: str
    owners: tuple[str, ...]
    scheduled: Scheduled | None
    collectors: int
    newest: Period | None  # the last that closed


class SiteList:
    """The handlers."""

    def __init__(self, parts: Services, layout: Layout) -> None:
        self._parts = parts
        self._members = parts.members
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        return [Page("/sites", None, self.show), Page("/sites", None, self.add, "POST")]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The sites the member may read, and what is theirs besides."""
        return await run_in_threadpool(self._list, request, visit)

    async def add(self, request: Request, visit: Visit) -> Response:
        """To the page that leads from a name to a site; nothing is made before it has a policy."""
        form = await read_own_form(request, visit)
        name = form.get("name", "").strip()
        if not NAME.fullmatch(name):
            problem = "Write a short name: small letters, digits, - and _, a letter first."
        elif not may(visit.member, "site.change", name):
            problem = "This name is not among those that you were invited for. Ask a host admin."
        else:
            return to(request, f"/sites/{name}/start")
        return await run_in_threadpool(self._list, request, visit, problem=problem, name=name)

    def _list(
        self, request: Request, visit: Visit, *, problem: str = "", name: str = ""
    ) -> Response:
        registry, member = self._parts.registry, visit.member
        names = registry.sites()
        sites = {site.name: site for site in registry.readable()}
        newest, owners = newest_closed(self._parts), self._owners(member)
        return self._layout.page(
            request,
            visit,
            "sites.html",
            status=422 if problem else 200,
            lines=[
                self._line(
                    sites[site_name], member, owners.get(site_name, ()), newest.get(site_name)
                )
                for site_name in visible(member, sites)
            ],
            period_name=period_name,
            unpublished=sorted(
                site_name for site_name in self._expected(member) if site_name not in names
            ),
            elsewhere=self._elsewhere(member, names),
            may_add=may(member, "site.add"),
            states=STATES,
            problem=problem,
            filled=name,
        )

    def _owners(self, member: Member) -> dict[str, list[str]]:
        owners: dict[str, list[str]] = {}
        for entry in self._members.all() if may(member, "member.read") else ():
            for site in entry.sites if entry.role == "site-owner" else ():
                owners[site] = sorted([*owners.get(site, ()), entry.name])
        return owners

    def _line(
        self, site: Site, member: Member, owners: Sequence[str], newest: Period | None
    ) -> Line:
        changes = may(member, "site.change", site.name)
        waiting = self._parts.registry.scheduled(site.name) if changes else None
        count = sum(
            entry.state == "active" for entry in self._parts.placed_collectors.all(site.name)
        )
        return Line(site, state_of(site), tuple(owners), waiting, count, newest)

    def _expected(self, member: Member) -> frozenset[str]:
        if not may(member, "member.read"):
            return frozenset(x for x in member.sites if may(member, "site.change", x))
        everybody = (owner for owner in self._members.all() if owner.role == "site-owner")
        return frozenset(site for owner in everybody for site in owner.sites)

    def _elsewhere(self, member: Member, names: tuple[str, ...]) -> list[PlacedCollector]:
        others = (name for name in names if not may(member, "site.read", name))
        placed = (
            collector for name in others for collector in self._parts.placed_collectors.all(name)
        )
        return [collector for collector in placed if collector.owner == member.name]
