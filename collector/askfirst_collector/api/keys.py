"""The keys of a site's relays, for programs."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from askfirst_collector.api.auth import Endpoint, answer, nothing
from askfirst_collector.api.serialize import key_told
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from askfirst_collector.usecases.site_keys import create_site_key, end_site_key, read_site_keys


class KeysFace:
    """The handlers; each raises Refused or CollectorUnavailable."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts

    def endpoints(self) -> list[Endpoint]:
        """Every path of this file, and the action that it is."""
        keys = "/v1/admin/sites/{site}/keys"
        return [
            Endpoint("GET", keys, "site.key", self.list),
            Endpoint("POST", keys, "site.key", self.create),
            Endpoint("DELETE", f"{keys}/{{id}}", "site.key", self.end),
        ]

    async def list(self, request: Request, member: Member) -> Response:
        """The keys that work, newest last; what they are is nowhere."""
        site = request.path_params["site"]
        keys = await asyncio.to_thread(read_site_keys, self._parts, site)
        return answer({"keys": [key_told(key) for key in keys]})

    async def create(self, request: Request, member: Member) -> Response:
        """Create a key, shown this once; those before it end a week later."""
        site = request.path_params["site"]
        key = await asyncio.to_thread(create_site_key, self._parts, member, site)
        return answer({"key": key}, 201)

    async def end(self, request: Request, member: Member) -> Response:
        """Make one key stop working now; Refused where it does not work already."""
        site, id = request.path_params["site"], request.path_params["id"]
        await asyncio.to_thread(end_site_key, self._parts, member, site, id)
        return nothing()
