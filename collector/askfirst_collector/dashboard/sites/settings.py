"""A site's keys, the address that is told when it is suspended, and its end."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.relay_keys import OVERLAP
from askfirst_collector.catalogue.webhook_queue import webhook_url
from askfirst_collector.dashboard.layout.forms import Visit, origin_of
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.site import SiteLayout, read_own_form, to
from askfirst_collector.members.permissions import may
from askfirst_collector.services import Services
from askfirst_collector.store.faults import unavailable
from askfirst_collector.usecases.set_webhook import save_webhook
from askfirst_collector.usecases.site_keys import create_site_key, end_site_key, read_site_keys
from askfirst_collector.usecases.sites import retire_site


class Settings:
    """The handlers."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        site = "/sites/{site}"
        return [
            Page(f"{site}/keys", "site.key", self.show),
            Page(f"{site}/keys", "site.key", self.create, "POST"),
            Page(f"{site}/keys/end", "site.key", self.end, "POST"),
            Page(f"{site}/webhook", "site.change", self.webhook, "POST"),
            Page("/retire-site", "site.delete", self.retire, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The keys there are, newest last, and what else is set."""
        return await run_in_threadpool(self._show, request, visit)

    async def create(self, request: Request, visit: Visit) -> Response:
        """Create a key and show it this once; those before it get an end."""
        await read_own_form(request, visit)
        site = request.path_params["site"]

        def created() -> Response:
            key = create_site_key(self._parts, visit.member, site)
            return self._layout.page(
                request,
                visit,
                "key.html",
                key=key,
                others=read_site_keys(self._parts, site)[:-1],
                collector=origin_of(request),
            )

        return await run_in_threadpool(created)

    async def end(self, request: Request, visit: Visit) -> Response:
        """Make one key stop working now."""
        form = await read_own_form(request, visit)
        site, id = request.path_params["site"], form.get("id", "")
        await run_in_threadpool(end_site_key, self._parts, visit.member, site, id)
        return to(request, f"/sites/{site}/keys")

    async def webhook(self, request: Request, visit: Visit) -> Response:
        """Say where this site's suspension is told, or nowhere."""
        form = await read_own_form(request, visit)
        site, url = request.path_params["site"], form.get("url", "").strip()

        def saved() -> Response:
            try:
                secret = save_webhook(
                    self._parts, visit.member, "site.change", site=site, collector="", url=url
                )
            except Refused as error:
                if error.reason != Reason.BAD_SHAPE:
                    raise
                return self._show(
                    request, visit, status=error.status, problem=message(error), url=url
                )
            if secret is None:
                return to(request, f"/sites/{site}/keys")
            back = f"/sites/{site}/keys"
            return self._layout.page(
                request, visit, "webhook.html", secret=secret, url=url, back=back
            )

        return await run_in_threadpool(saved)

    async def retire(self, request: Request, visit: Visit) -> Response:
        """End a site for good, once its name was written again."""
        form = await read_own_form(request, visit)
        site = form.get("site", "")
        if form.get("again", "").strip() != site:
            raise Refused(Reason.BAD_SHAPE, "write the name of the site again to retire it")
        await run_in_threadpool(retire_site, self._parts, visit.member, site)
        return to(request, "/sites")

    def _show(
        self,
        request: Request,
        visit: Visit,
        *,
        status: int = 200,
        problem: str = "",
        url: str | None = None,
    ) -> Response:
        site = request.path_params["site"]
        with unavailable("ledger"), self._parts.engine.connect() as connection:
            stored_url = webhook_url(connection, site, "")
        return self._layout.page(
            request,
            visit,
            "keys.html",
            status=status,
            keys=read_site_keys(self._parts, site),
            overlap=OVERLAP // 86_400,
            url=(stored_url or "") if url is None else url,
            kept=stored_url,
            problem=problem,
            may_retire=may(visit.member, "site.delete"),
        )
