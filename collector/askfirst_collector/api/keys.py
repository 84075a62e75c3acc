"""The keys of a site's relays, for programs."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst_collector.api.auth import Endpoint, answer, nothing
from askfirst_collector.api.serialize import moment
from askfirst_collector.catalogue.relay_keys import SiteKey, draw_site_key, end_site_key, site_keys
from askfirst_collector.ledger.changes import record_change
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Parts
from askfirst_collector.store.database import writing
from askfirst_collector.store.faults import away


class KeysFace:
    """The handlers; each raises Refused or CollectorAway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def endpoints(self) -> list[Endpoint]:
        """Every path of this file, and the action that it is."""
        keys = "/v1/admin/sites/{site}/keys"
        return [
            Endpoint("GET", keys, "site.key", self.list),
            Endpoint("POST", keys, "site.key", self.draw),
            Endpoint("DELETE", f"{keys}/{{id}}", "site.key", self.end),
        ]

    async def list(self, request: Request, member: Member) -> Response:
        """The keys that work, newest last; what they are is nowhere."""
        site = request.path_params["site"]

        def read_keys() -> tuple[SiteKey, ...]:
            self._check(site)
            with away("ledger"), self._parts.engine.connect() as connection:
                return site_keys(connection, site, now=self._parts.now())

        return answer({"keys": [_told(key) for key in await asyncio.to_thread(read_keys)]})

    async def draw(self, request: Request, member: Member) -> Response:
        """Draw a key, shown this once; those before it end a week later."""
        site, now = request.path_params["site"], self._parts.now()

        def drawn() -> str:
            self._check(site)
            with away("ledger"), writing(self._parts.engine) as connection:
                key = draw_site_key(connection, site, now=now, urandom=self._parts.urandom)
                self._record(connection, member, site, before=None, after="drawn")
            return key

        return answer({"key": await asyncio.to_thread(drawn)}, 201)

    async def end(self, request: Request, member: Member) -> Response:
        """Make one key stop working now; harmless where it does not work already."""
        site, id = request.path_params["site"], request.path_params["id"]

        def ended() -> None:
            self._check(site)
            with away("ledger"), writing(self._parts.engine) as connection:
                if end_site_key(connection, site, id):
                    self._record(connection, member, site, before=id, after=None)

        await asyncio.to_thread(ended)
        return nothing()

    def _check(self, site: str) -> None:
        if self._parts.registry.site(site) is None:
            raise Refused(Reason.NO_SUCH_SITE, "name a site of yours")

    def _record(
        self, connection: Connection, member: Member, site: str, *, before: object, after: object
    ) -> None:
        record_change(
            connection,
            actor=member.name,
            action="site.key",
            target=site,
            before=before,
            after=after,
            now=self._parts.now(),
            urandom=self._parts.urandom,
            site=site,
        )


def _told(key: SiteKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "made": None if key.made is None else moment(key.made),
        "expires": None if key.expires is None else moment(key.expires),
    }
