"""The sites of a member and how each stands, with those that are not published yet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.terms.reading import NAME
from askfirst_collector.api.serialize import state_of
from askfirst_collector.catalogue.scheduled import Scheduled
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.dashboard.figures.exports import KINDS, file_of_rows, response_of
from askfirst_collector.dashboard.figures.why_missing import period_name
from askfirst_collector.dashboard.layout.alerts import STATES
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.page import Layout, Page
from askfirst_collector.dashboard.layout.paging import page_of, searched
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


_COLUMNS = (
    *("site", "state", "placed_collectors", "closes", "last_closed", "visitors", "page_views"),
    *("reason", "origins", "edition", "since", "owners"),
)


class SiteList:
    """The handlers."""

    def __init__(self, parts: Services, layout: Layout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        return [
            Page("/sites", None, self.show),
            Page("/sites.{kind}", None, self.export),
            Page("/sites", None, self.add, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The sites the member may read, and what is theirs besides."""
        return await run_in_threadpool(self._list, request, visit)

    async def export(self, request: Request, visit: Visit) -> Response:
        """The same sites as CSV or JSON, of every page; those that are searched for."""
        kind = request.path_params["kind"]
        if kind not in KINDS:
            raise HTTPException(404)
        return await run_in_threadpool(self._file, request, visit, kind)

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
        page, owners = page_of(request, visible(member, names), str), self._owners(member)
        expected = self._expected(member, owners)
        return self._layout.page(
            request,
            visit,
            "sites.html",
            status=422 if problem else 200,
            page=page,
            lines=self._lines(page.items, member, owners),
            period_name=period_name,
            unpublished=sorted(expected - set(names)),
            elsewhere=[
                collector
                for collector in self._parts.placed_collectors.owned(member.name)
                if not may(member, "site.read", collector.site)
            ],
            may_add=may(member, "site.add"),
            states=STATES,
            problem=problem,
            filled=name,
        )

    def _file(self, request: Request, visit: Visit, kind: str) -> Response:
        member = visit.member
        names = searched(request, visible(member, self._parts.registry.sites()), str)
        lines = self._lines(names, member, self._owners(member))
        file = file_of_rows(_COLUMNS, [_row(line) for line in lines])
        return response_of(file, kind, "sites")

    def _owners(self, member: Member) -> list[Member]:
        everybody = self._parts.members.all() if may(member, "member.read") else ()
        return [entry for entry in everybody if entry.role == "site-owner"]

    def _lines(self, names: Sequence[str], member: Member, owners: Sequence[Member]) -> list[Line]:
        registry = self._parts.registry
        newest = newest_closed(self._parts)
        counts = self._parts.placed_collectors.active(names)
        waiting = registry.scheduled_of([n for n in names if may(member, "site.change", n)])
        lines: list[Line] = []
        for name in names:
            # One that cannot be read any more is passed over.
            with suppress(Unreadable):
                site = registry.site(name)
                if site is not None:
                    own = tuple(owner.name for owner in owners if name in owner.sites)
                    count = counts.get(name, 0)
                    line = Line(
                        site, state_of(site), own, waiting.get(name), count, newest.get(name)
                    )
                    lines.append(line)
        return lines

    def _expected(self, member: Member, owners: Sequence[Member]) -> set[str]:
        if not may(member, "member.read"):
            return {site for site in member.sites if may(member, "site.change", site)}
        return {site for owner in owners for site in owner.sites}


def _row(line: Line) -> list[object]:
    """A site in a file; of the last closed period what the page says, or why nothing is said."""
    edition, newest = line.site.editions.current, line.newest
    since = datetime.fromtimestamp(edition.effective, UTC).date()
    closed: tuple[object, ...] = (None,) * 5
    if newest is not None:
        closed = (newest.closes, newest.period, newest.visitors, newest.views, newest.reason)
    return [
        *(
            line.site.name,
            STATES[line.state],
            line.collectors,
            *closed,
            " ".join(edition.policy.origins),
        ),
        *(edition.number, since.isoformat(), ", ".join(line.owners)),
    ]
