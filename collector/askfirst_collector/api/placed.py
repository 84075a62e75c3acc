"""Placed collectors, for programs: what their owners, and the owners of their sites, may do."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Problem, Reason, Refused
from askfirst.terms.placed import Placed, read_placed
from askfirst.terms.policy import LARGEST
from askfirst_collector.api.auth import (
    BY_ITSELF,
    LATEST,
    Endpoint,
    answer,
    read_json,
    read_number,
    require,
)
from askfirst_collector.api.serialize import placed_json
from askfirst_collector.catalogue.placed import PlacedCollector
from askfirst_collector.ingest.off_loop import read_apart
from askfirst_collector.members.permissions import Member, may
from askfirst_collector.services import Services
from askfirst_collector.usecases.placed_collectors import (
    renew_write_key,
    save_collector,
    set_collector_state,
)

_Version = Annotated[int, Meta(ge=0, le=LATEST)]


class NewTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A collector's document; `expected` is the version that was read, 0 for a new one."""

    document: dict[str, Any]
    expected: _Version | None = None
    clamp: bool = False


class NewState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it is to stand."""

    state: Literal["active", "suspended", "retired"]
    expected: _Version | None = None


class PlacedFace:
    """The handlers; each raises Refused, PolicyError or CollectorUnavailable."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts
        self._collectors = parts.placed_collectors

    def endpoints(self) -> list[Endpoint]:
        """Every path of this file; whose a collector is decides about each."""
        collectors = "/v1/admin/sites/{site}/collectors"
        one = f"{collectors}/{{name}}"
        return [
            Endpoint("GET", collectors, BY_ITSELF, self.list),
            Endpoint("GET", one, BY_ITSELF, self.one),
            Endpoint("PUT", one, BY_ITSELF, self.save),
            Endpoint("POST", f"{one}/check", BY_ITSELF, self.check),
            Endpoint("POST", f"{one}/state", BY_ITSELF, self.set_state),
            Endpoint("POST", f"{one}/key", BY_ITSELF, self.new_key),
        ]

    async def list(self, request: Request, member: Member) -> Response:
        """The collectors of a site that the member may read, by name."""
        site = request.path_params["site"]
        collectors = await asyncio.to_thread(self._collectors.all, site)
        visible = [
            collector
            for collector in collectors
            if may(member, "collector.read", site, owner=collector.owner)
        ]
        if not visible:
            require(member, "site.read", site)
        return answer({"collectors": [placed_json(collector) for collector in visible]})

    async def one(self, request: Request, member: Member) -> Response:
        """One collector."""
        return answer(placed_json(await self._mine(request, member, "collector.read")))

    async def save(self, request: Request, member: Member) -> Response:
        """Keep a collector's terms; a new one is a draft of the member who sends it."""
        collector = await self._writable(request, member)
        body = await read_json(request, NewTerms, largest=LARGEST)
        placed = await read_apart(lambda: _document(body.document, request))
        # Whoever sends none means what there was when they were let in.
        version = 0 if collector is None else collector.version
        expected = version if body.expected is None else body.expected
        saved = await asyncio.to_thread(
            lambda: save_collector(self._parts, member, placed, expected=expected, clamp=body.clamp)
        )
        overlaps = await asyncio.to_thread(self._collectors.overlapping, placed)
        return answer(
            {
                **placed_json(saved.collector),
                "cut": _problems(saved.cut),
                "overlaps": list(overlaps),
            }
        )

    async def check(self, request: Request, member: Member) -> Response:
        """What saving a document would be refused for; nothing is written."""
        await self._writable(request, member)
        body = await read_json(request, NewTerms, largest=LARGEST)
        placed = await read_apart(lambda: _document(body.document, request))
        problems = await asyncio.to_thread(self._collectors.check, placed)
        return answer({"conflicts": _problems(problems)})

    async def set_state(self, request: Request, member: Member) -> Response:
        """Put a collector on its pages, suspend it, or retire it for good."""
        # The least that any state needs; what the body asks for may need more.
        collector = await self._mine(request, member, "collector.suspend")
        body = await read_json(request, NewState)
        changed = await asyncio.to_thread(
            lambda: set_collector_state(
                self._parts,
                member,
                collector.site,
                collector.name,
                body.state,
                expected=body.expected,
            )
        )
        return answer(placed_json(changed))

    async def new_key(self, request: Request, member: Member) -> Response:
        """Draw another write key; the old one names nobody. `expected` is the version it has."""
        collector = await self._mine(request, member, "collector.change")
        site, name = collector.site, collector.name
        expected = read_number(request, "expected", 0, LATEST)
        changed = await asyncio.to_thread(
            lambda: renew_write_key(self._parts, member, site, name, expected=expected)
        )
        return answer(placed_json(changed))

    async def _writable(self, request: Request, member: Member) -> PlacedCollector | None:
        """What is there of this name; Refused for whoever may not write it."""
        collector = await self._found(request)
        site = request.path_params["site"]
        if collector is None:
            require(member, "collector.add", site)
        else:
            require(member, "collector.change", site, owner=collector.owner)
        return collector

    async def _mine(self, request: Request, member: Member, action: str) -> PlacedCollector:
        collector = await self._found(request)
        site = request.path_params["site"]
        require(member, action, site, owner=None if collector is None else collector.owner)
        if collector is None:
            raise Refused(Reason.NOT_FOUND, "there is no collector of this name")
        return collector

    async def _found(self, request: Request) -> PlacedCollector | None:
        site, name = request.path_params["site"], request.path_params["name"]
        return await asyncio.to_thread(self._collectors.get, site, name)


def _document(document: dict[str, Any], request: Request) -> Placed:
    placed = read_placed(document)
    site, name = request.path_params["site"], request.path_params["name"]
    if (placed.policy.site, placed.name) != (site, name):
        label = f"{placed.name!r} at {placed.policy.site!r}"
        raise Refused(Reason.OTHER_NAME, f"the document is of {label}: send it there")
    return placed


def _problems(problems: tuple[Problem, ...]) -> list[dict[str, object]]:
    return [problem.as_dict() for problem in problems]
