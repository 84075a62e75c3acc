"""What ends by itself, what did, and the yearly review of each purpose."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from askfirst_collector.catalogue.reviews import reviews_of
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.page import Layout, Page
from askfirst_collector.dashboard.layout.site import SiteLayout, read_own_form, to
from askfirst_collector.ledger.changes import Change, changes
from askfirst_collector.members.permissions import may
from askfirst_collector.services import Services
from askfirst_collector.usecases.retention import KINDS
from askfirst_collector.usecases.reviews import review_purpose

AT_ONCE = 50  # entries on a page
LOOKED_AT = 1_000  # changes in which backups are looked for


class Retention:
    """The handlers."""

    def __init__(self, parts: Services, layout: Layout, site_layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout
        self._site_layout = site_layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        return [
            Page("/retention", "audit.read", self.show),
            Page("/sites/{site}/retention", "site.audit", self.show),
            Page("/sites/{site}/review", "site.change", self.review, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """How long each kind is kept, and what was destroyed last; of a site its reviews too."""

        def shown() -> Response:
            name = request.path_params.get("site")
            layout = self._layout if name is None else self._site_layout
            site = None if name is None else self._parts.registry.site(name)
            now, engine = self._parts.now(), self._parts.engine
            return layout.page(
                request,
                visit,
                "retention.html",
                of=name,
                kinds=KINDS,
                reviews=() if site is None else reviews_of(engine, site.name, site.editions, now),
                may_review=name is not None and may(visit.member, "site.change", name),
                policy=None if site is None else site.editions.current.policy,
                backups=self._backups() if name is None else (),
                rows=changes(engine, AT_ONCE, sites=None if name is None else {name}, ended=True),
            )

        return await run_in_threadpool(shown)

    def _backups(self) -> list[Change]:
        """The copies that commands made lately: where they lie nobody here knows."""
        entries = changes(self._parts.engine, LOOKED_AT)
        return [entry for entry in entries if entry.action == "backup.make"]

    async def review(self, request: Request, visit: Visit) -> Response:
        """Say that a purpose was looked at."""
        form = await read_own_form(request, visit)
        site, purpose = request.path_params["site"], form.get("purpose", "")
        await run_in_threadpool(review_purpose, self._parts, visit.member, site, purpose)
        return to(request, f"/sites/{site}/retention#reviews")
