"""A site's keys, the address that is told when it is suspended, its limit, and its end."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.relay_keys import OVERLAP
from askfirst_collector.catalogue.site_limits import LARGEST as LARGEST_LIMIT
from askfirst_collector.dashboard.layout.forms import Visit, origin_of, read_number
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.site import SiteLayout, read_own_form, to
from askfirst_collector.dashboard.layout.webhook import (
    WebhookForm,
    answer_form,
    back_of,
    read_form,
)
from askfirst_collector.members.permissions import may
from askfirst_collector.services import Services
from askfirst_collector.usecases.site_keys import create_site_key, end_site_key, read_site_keys
from askfirst_collector.usecases.sites import limit_site, retire_site


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
            Page(f"{site}/limit", "site.limit", self.limit, "POST"),
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
        """Say where this site's suspension is told, or nowhere; or send a test there."""
        form = await read_own_form(request, visit)
        site = request.path_params["site"]

        def answered() -> Response:
            answer = answer_form(self._parts, visit, form, site=site)
            if isinstance(answer, WebhookForm):
                return self._show(request, visit, webhook=answer)
            back = f"/sites/{site}/keys"
            if not answer:
                return to(request, back_of(back, form))
            return self._layout.page(
                request, visit, "webhook.html", secret=answer, url=form["url"], back=back
            )

        return await run_in_threadpool(answered)

    async def limit(self, request: Request, visit: Visit) -> Response:
        """Say how many rows a day the site may store."""
        form = await read_own_form(request, visit)
        site, rows = request.path_params["site"], read_number(form, "rows")

        def limited() -> Response:
            try:
                limit_site(self._parts, visit.member, site, -1 if rows is None else rows)
            except Refused as error:
                if error.reason != Reason.BAD_SHAPE:
                    raise
                return self._show(request, visit, limit_problem=message(error), rows=form["rows"])
            return to(request, f"/sites/{site}/keys#limit")

        return await run_in_threadpool(limited)

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
        webhook: WebhookForm | None = None,
        limit_problem: str = "",
        rows: str | None = None,
    ) -> Response:
        site = request.path_params["site"]
        webhook = webhook or read_form(self._parts, request, site=site)
        return self._layout.page(
            request,
            visit,
            "keys.html",
            status=422 if limit_problem else webhook.status,
            keys=read_site_keys(self._parts, site),
            overlap=OVERLAP // 86_400,
            webhook=webhook,
            may_limit=may(visit.member, "site.limit"),
            largest_limit=LARGEST_LIMIT,
            limit_problem=limit_problem,
            rows=rows,
            may_retire=may(visit.member, "site.delete"),
        )
