"""What is linked to a signed-in user, for the account page of a site: under the key of the site."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from askfirst.contracts.names import USER
from askfirst.errors import Reason, Refused
from askfirst.http.headers import values
from askfirst_collector.ingest.callers import bearer
from askfirst_collector.services import Services
from askfirst_collector.usecases.users import erase_user, export_user

HEADER = b"askfirst-user"  # the tokens of one user, under each key that the site has
MOST = 20  # tokens of one user


class UsersFace:
    """The handlers; each raises Refused or CollectorUnavailable."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts

    async def export(self, request: Request) -> Response:
        """The rows that are linked to a user."""
        site, users = await self._asked(request)
        return _json(await asyncio.to_thread(export_user, self._parts, site, users))

    async def erase(self, request: Request) -> Response:
        """End the link to a user; harmless when repeated."""
        site, users = await self._asked(request)
        await asyncio.to_thread(erase_user, self._parts, site, users)
        return _json({"done": True})

    async def _asked(self, request: Request) -> tuple[str, list[str]]:
        key = bearer(request.headers.raw)
        registry = self._parts.registry
        site = await asyncio.to_thread(registry.site_of_key, key) if key else None
        if site is None:
            raise Refused(Reason.WRONG_KEY, "send the key of a site: Authorization: Bearer …")
        lines = values(request.headers.raw, HEADER)
        users = [text.strip() for line in lines for text in line.decode("latin-1").split(",")]
        if not 0 < len(users) <= MOST or not all(map(USER.fullmatch, users)):
            raise Refused(
                Reason.BAD_SHAPE,
                "send Askfirst-User: user: and 64 hexadecimal digits, for each key",
            )
        return site, users


def _json(content: object) -> Response:
    return JSONResponse(content, headers={"cache-control": "no-store"})
