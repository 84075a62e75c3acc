"""Who asks on `/v1/admin/*`, and whether they may: an API token, its member as they stand now.

No cookie counts here, so no page of another origin can have a browser ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from askfirst.contracts import strict_json
from askfirst.contracts.body import JSON, media_type, read_body
from askfirst.contracts.limits import BODY_BYTES
from askfirst.errors import Reason, Refused
from askfirst_collector.ingest.callers import bearer
from askfirst_collector.ingest.off_loop import read_apart
from askfirst_collector.members.permissions import ACTIONS, Member, may
from askfirst_collector.services import Services

LATEST = 2**53 - 1  # what every JSON reader can hold
BY_ITSELF = ""  # the action of an endpoint that asks `require` when it knows what it is about

Handler = Callable[[Request, Member], Awaitable[Response]]
Body = TypeVar("Body")


@dataclass(frozen=True)
class Endpoint:
    """One method of one path; `action` is a row of ACTIONS, BY_ITSELF, or None: any token."""

    method: str
    path: str
    action: str | None
    handler: Handler
    new_site: bool = False  # it may be about a site that is not there yet


class Access:
    """Lets nobody but the holder of a token reach an endpoint, and only for what they may do."""

    def __init__(self, parts: Services) -> None:
        self._registry = parts.registry
        self._tokens = parts.members.tokens

    def guard(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint's handler behind its check; it raises Refused or CollectorUnavailable."""

        async def guarded(request: Request) -> Response:
            member = await self.member(request)
            site = request.path_params.get("site")
            if endpoint.action:
                require(member, endpoint.action, site)
            if site is not None and not endpoint.new_site:
                await asyncio.to_thread(self._check_site, site)
            return await endpoint.handler(request, member)

        return guarded

    def _check_site(self, name: str) -> None:
        if self._registry.site(name) is None:
            raise Refused(Reason.NO_SUCH_SITE, "name a site of yours")

    async def member(self, request: Request) -> Member:
        """Whose token is shown; Refused `no-token` where it is none, or its time is over."""
        token = bearer(request.headers.raw)
        member = await asyncio.to_thread(self._tokens.member_of, token) if token else None
        if member is None:
            raise Refused(
                Reason.NO_TOKEN, "send an API token: Authorization: Bearer askfirst_api_…"
            )
        return member


def require(
    member: Member, action: str, site: str | None = None, *, owner: str | None = None
) -> None:
    """Refused unless `member` may do `action`.

    A site that is not theirs answers as one that does not exist: `no-such-site`.
    """
    if may(member, action, site, owner=owner):
        return
    if ACTIONS[action].of_site and not _sees(member, site, owner):
        raise Refused(Reason.NO_SUCH_SITE, "name a site of yours")
    scope = ACTIONS[action].scope
    raise Refused(Reason.NOT_ALLOWED, f"needs the scope {scope}, and a member whose role allows it")


def _sees(member: Member, site: str | None, owner: str | None) -> bool:
    """Whether the member, in person, knows of it at all."""
    person = Member(member.name, member.role, member.sites)
    return may(person, "site.read", site) or may(person, "collector.read", site, owner=owner)


async def read_json(request: Request, contract: type[Body], *, largest: int = BODY_BYTES) -> Body:
    """A body by its contract. Raises Refused for every other."""
    media_type(request.headers.raw, JSON)
    data = await read_body(request.headers.raw, request.receive, largest=largest)
    return await read_apart(lambda: _by_contract(contract, data))


def _by_contract(contract: type[Body], data: bytes) -> Body:
    value = strict_json.read_json(data)
    try:
        return msgspec.convert(value, contract)
    except msgspec.ValidationError as error:
        unknown = "unknown field" in str(error)
        reason = Reason.UNKNOWN_FIELD if unknown else Reason.BAD_SHAPE
        raise Refused(reason, str(error)[:200]) from None


def read_number(request: Request, name: str, least: int, most: int) -> int | None:
    """A number of the query; None where it is not there. Refused `bad-shape` for every other."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most:
        return int(text)
    raise Refused(Reason.BAD_SHAPE, f"{name} is a whole number from {least} to {most}")


def answer(body: object, status: int = 200) -> Response:
    """A JSON answer that nobody may keep."""
    headers = {"cache-control": "no-store"}
    return Response(orjson.dumps(body), status, headers, "application/json")


def nothing() -> Response:
    """That it is done, and there is no more to say."""
    return Response(status_code=204, headers={"cache-control": "no-store"})
