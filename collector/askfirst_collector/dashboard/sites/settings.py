"""A site's keys, the address that is told when it is suspended, and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.relay_keys import OVERLAP, draw_site_key, end_site_key, site_keys
from askfirst_collector.catalogue.webhook_queue import webhook_url
from askfirst_collector.dashboard.layout.forms import Visit, origin_of
from askfirst_collector.dashboard.layout.labels import said
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.site import SiteFrame, read_own_form, to
from askfirst_collector.ledger.changes import record_change
from askfirst_collector.members.permissions import may
from askfirst_collector.members.rows import check_actor
from askfirst_collector.services import Parts
from askfirst_collector.store.database import writing
from askfirst_collector.store.faults import away
from askfirst_collector.usecases.set_webhook import save_webhook


class Settings:
    """The handlers."""

    def __init__(self, parts: Parts, frame: SiteFrame) -> None:
        self._parts = parts
        self._frame = frame

    def pages(self) -> list[Page]:
        """Every page of this file."""
        site = "/sites/{site}"
        return [
            Page(f"{site}/keys", "site.key", self.show),
            Page(f"{site}/keys", "site.key", self.draw, "POST"),
            Page(f"{site}/keys/end", "site.key", self.end, "POST"),
            Page(f"{site}/webhook", "site.change", self.webhook, "POST"),
            Page("/retire-site", "site.delete", self.retire, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The keys there are, newest last, and what else is set."""
        return await run_in_threadpool(self._show, request, visit)

    async def draw(self, request: Request, visit: Visit) -> Response:
        """Draw a key and show it this once; those before it get an end."""
        await read_own_form(request, visit)
        site = request.path_params["site"]

        def work(connection: Connection) -> str:
            now, urandom = self._parts.now(), self._parts.urandom
            return draw_site_key(connection, site, now=now, urandom=urandom)

        def drawn() -> Response:
            key = self._change(visit, site, work, before=None, after="drawn")
            return self._frame.page(
                request,
                visit,
                "key.html",
                key=key,
                others=self._keys(site)[:-1],
                collector=origin_of(request),
            )

        return await run_in_threadpool(drawn)

    async def end(self, request: Request, visit: Visit) -> Response:
        """Make one key stop working now."""
        form = await read_own_form(request, visit)
        site, id = request.path_params["site"], form.get("id", "")

        def work(connection: Connection) -> bool:
            return end_site_key(connection, site, id)

        await run_in_threadpool(lambda: self._change(visit, site, work, before=id, after="ended"))
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
                return self._show(request, visit, status=error.status, problem=said(error), url=url)
            if secret is None:
                return to(request, f"/sites/{site}/keys")
            back = f"/sites/{site}/keys"
            return self._frame.page(
                request, visit, "webhook.html", secret=secret, url=url, back=back
            )

        return await run_in_threadpool(saved)

    async def retire(self, request: Request, visit: Visit) -> Response:
        """End a site for good, once its name was written again."""
        form = await read_own_form(request, visit)
        site = form.get("site", "")
        if form.get("again", "").strip() != site:
            raise Refused(Reason.BAD_SHAPE, "write the name of the site again to retire it")
        retire = self._parts.registry.retire
        await run_in_threadpool(lambda: retire(site, actor=visit.member.name))
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
        with away("ledger"), self._parts.engine.connect() as connection:
            stored_url = webhook_url(connection, site, "")
        return self._frame.page(
            request,
            visit,
            "keys.html",
            status=status,
            keys=self._keys(site),
            overlap=OVERLAP // 86_400,
            url=(stored_url or "") if url is None else url,
            kept=stored_url,
            problem=problem,
            may_retire=may(visit.member, "site.delete"),
        )

    def _keys(self, site: str) -> Any:
        with away("ledger"), self._parts.engine.connect() as connection:
            return site_keys(connection, site, now=self._parts.now())

    def _change(
        self,
        visit: Visit,
        site: str,
        work: Callable[[Connection], Any],
        *,
        before: str | None,
        after: str,
    ) -> Any:
        with away("ledger"), writing(self._parts.engine) as connection:
            check_actor(connection, visit.member, "site.key", site)
            done = work(connection)
            record_change(
                connection,
                actor=visit.member.name,
                action="site.key",
                target=site,
                before=before,
                after=after,
                now=self._parts.now(),
                urandom=self._parts.urandom,
                site=site,
            )
        return done
