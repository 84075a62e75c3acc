"""Webhooks of the host, of a site and of a placed collector, for programs."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst_collector.api.auth import BY_ITSELF, Endpoint, answer, nothing, read_json, require
from askfirst_collector.catalogue.webhook_queue import LONGEST_URL, read_webhook
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from askfirst_collector.usecases.webhooks import (
    remove_webhook,
    save_webhook,
    send_test,
)


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address to tell: https, at a public host."""

    url: Annotated[str, Meta(min_length=1, max_length=LONGEST_URL)]


class WebhooksFace:
    """The handlers; each raises Refused or CollectorUnavailable."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts

    def endpoints(self) -> list[Endpoint]:
        """Every path of this file; whose a collector is decides about its own."""
        site = "/v1/admin/sites/{site}"
        return [
            endpoint
            for path, action in (
                ("/v1/admin/webhook", "host-policy.change"),
                (f"{site}/webhook", "site.change"),
                (f"{site}/collectors/{{name}}/webhook", BY_ITSELF),
            )
            for endpoint in (
                Endpoint("GET", path, action, self.show),
                Endpoint("PUT", path, action, self.save),
                Endpoint("DELETE", path, action, self.remove),
                Endpoint("POST", f"{path}/test", action, self.test),
            )
        ]

    async def show(self, request: Request, member: Member) -> Response:
        """The address that is told; its secret is nowhere."""
        names = await self._names(request, member)
        url = await asyncio.to_thread(lambda: read_webhook(self._parts.engine, **names))
        return answer({"url": url})

    async def save(self, request: Request, member: Member) -> Response:
        """Tell another address; its secret is shown this once."""
        names = await self._names(request, member)
        body = await read_json(request, NewWebhook)
        secret = await asyncio.to_thread(
            lambda: save_webhook(self._parts, member, body.url, **names)
        )
        return answer({"url": body.url, "secret": secret})

    async def remove(self, request: Request, member: Member) -> Response:
        """Tell nobody any more."""
        names = await self._names(request, member)
        await asyncio.to_thread(lambda: remove_webhook(self._parts, member, **names))
        return nothing()

    async def test(self, request: Request, member: Member) -> Response:
        """Send a message that only says that it is a test."""
        names = await self._names(request, member)
        id = await asyncio.to_thread(lambda: send_test(self._parts, member, **names))
        return answer({"id": id}, 202)

    async def _names(self, request: Request, member: Member) -> dict[str, Any]:
        """Whose webhook the path is about; Refused for whoever may not look after it."""
        site = request.path_params.get("site", "")
        collector = request.path_params.get("name", "")
        if collector:
            placed = await asyncio.to_thread(self._parts.placed_collectors.get, site, collector)
            owner = None if placed is None else placed.owner
            require(member, "collector.change", site, owner=owner)
            if placed is None:
                raise Refused(Reason.NOT_FOUND, "there is no collector of this name")
        return {"site": site, "collector": collector}
