"""Deliveries to the recipients of a site's purposes, for programs."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from askfirst_collector.api.auth import Endpoint, answer, nothing, read_json
from askfirst_collector.catalogue.transfers import Transfer, transfer_json, transfers_of
from askfirst_collector.catalogue.webhook_queue import LONGEST_URL
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from askfirst_collector.usecases.transfers import LONGEST, create_transfer, remove_transfer

_Text = Annotated[str, Meta(max_length=LONGEST)]


class NewTransfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is delivered to whom, and where: of S3 the url is that of a folder in a bucket."""

    purpose: Annotated[str, Meta(min_length=1, max_length=100)]
    recipient: Annotated[str, Meta(min_length=1, max_length=LONGEST)]
    what: Literal["figures", "events"]
    way: Literal["webhook", "s3"]
    url: Annotated[str, Meta(min_length=1, max_length=LONGEST_URL)]
    key_id: _Text = ""
    secret: _Text = ""
    region: _Text = ""


class TransfersFace:
    """The handlers; each raises Refused or CollectorUnavailable."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts

    def endpoints(self) -> list[Endpoint]:
        """Every path of this file."""
        path = "/v1/admin/sites/{site}/transfers"
        return [
            Endpoint("GET", path, "site.change", self.show),
            Endpoint("POST", path, "site.change", self.create),
            Endpoint("DELETE", f"{path}/{{id}}", "site.change", self.remove),
        ]

    async def show(self, request: Request, member: Member) -> Response:
        """What the site delivers; secrets are nowhere."""
        site = request.path_params["site"]
        entries = await asyncio.to_thread(transfers_of, self._parts.engine, site)
        return answer({"transfers": [transfer_of(entry) for entry in entries]})

    async def create(self, request: Request, member: Member) -> Response:
        """Deliver from now on; the secret of a webhook is shown this once."""
        body, site = await read_json(request, NewTransfer), request.path_params["site"]
        values = msgspec.structs.asdict(body)
        entry, secret = await asyncio.to_thread(
            lambda: create_transfer(self._parts, member, site, **values)
        )
        return answer({**transfer_of(entry), "secret": secret or None}, 201)

    async def remove(self, request: Request, member: Member) -> Response:
        """Deliver nothing more."""
        site, id = request.path_params["site"], request.path_params["id"]
        await asyncio.to_thread(remove_transfer, self._parts, member, site, id)
        return nothing()


def transfer_of(entry: Transfer) -> dict[str, Any]:
    """One delivery as JSON: how it goes, and of its address the host alone."""
    return {"id": entry.id, **transfer_json(entry), "fault": entry.fault or None}
