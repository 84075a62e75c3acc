"""Sites and their policies, for programs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst.terms.policy import LARGEST, Policy, read_policy
from askfirst_collector.api.auth import Endpoint, answer, nothing, read_json
from askfirst_collector.api.serialize import (
    editions_json,
    moment,
    publish_preview_json,
    site_json,
    whole_site_json,
)
from askfirst_collector.catalogue.site_limits import LARGEST as LARGEST_LIMIT
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.ingest.off_loop import read_apart
from askfirst_collector.members.permissions import Member, visible
from askfirst_collector.services import Services
from askfirst_collector.usecases.preview_publish import preview_publish
from askfirst_collector.usecases.sites import (
    limit_site,
    publish_policy,
    retire_site,
    unschedule_policy,
)


class NewPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy to publish, now or at a time to come (RFC 3339)."""

    policy: dict[str, Any]
    effective: datetime | None = None
    expected: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None  # the edition that was read


class PolicyToPreview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy to hold against what is published."""

    policy: dict[str, Any]


class NewLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many rows a day a site may store."""

    rows_a_day: Annotated[int, Meta(ge=1, le=LARGEST_LIMIT)]


class SitesFace:
    """The handlers; each raises Refused, PolicyError or CollectorUnavailable."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts
        self._registry = parts.registry

    def endpoints(self) -> list[Endpoint]:
        """Every path of this file, and the action that it is."""
        site = "/v1/admin/sites/{site}"
        return [
            Endpoint("GET", "/v1/admin/sites", None, self.list),
            Endpoint("GET", site, "site.read", self.one),
            Endpoint("DELETE", site, "site.delete", self.retire),
            Endpoint("PUT", f"{site}/policy", "site.change", self.publish, new_site=True),
            Endpoint("POST", f"{site}/policy/preview", "site.change", self.preview, new_site=True),
            Endpoint("PUT", f"{site}/limit", "site.limit", self.limit),
            Endpoint("DELETE", f"{site}/scheduled", "site.change", self.unschedule),
            Endpoint("GET", f"{site}/editions", "site.read", self.editions),
        ]

    async def list(self, request: Request, member: Member) -> Response:
        """The sites the member may read, by name."""

        def read_sites() -> list[dict[str, Any]]:
            sites = {site.name: site for site in self._registry.readable()}
            return [site_json(sites[name]) for name in visible(member, sites)]

        return answer({"sites": await asyncio.to_thread(read_sites)})

    async def one(self, request: Request, member: Member) -> Response:
        """One site with its policy, and why it is suspended."""
        return answer(await asyncio.to_thread(self._told, request.path_params["site"]))

    async def publish(self, request: Request, member: Member) -> Response:
        """Publish a policy as the next edition, now or later; a new name is a new site."""
        body = await read_json(request, NewPolicy, largest=LARGEST)
        name = request.path_params["site"]
        policy = await read_apart(lambda: _policy(body.policy, name))
        effective = None if body.effective is None else _seconds(body.effective)

        def published() -> dict[str, Any]:
            publish_policy(self._parts, member, policy, effective=effective, expected=body.expected)
            site = self._registry.site(name)
            number = None if site is None else site.editions.current.number
            return {"site": name, "hash": policy.hash, "edition": number, "scheduled": later}

        later = None if effective is None else moment(effective)
        return answer(await asyncio.to_thread(published))

    async def preview(self, request: Request, member: Member) -> Response:
        """What publishing a policy would change, and who is asked again; nothing is written."""
        body = await read_json(request, PolicyToPreview, largest=LARGEST)
        name = request.path_params["site"]
        policy = await read_apart(lambda: _policy(body.policy, name))
        effects = await asyncio.to_thread(preview_publish, self._parts, policy)
        return answer(publish_preview_json(effects))

    async def unschedule(self, request: Request, member: Member) -> Response:
        """Drop the policy that was to take effect later; `expected` is the hash of it."""
        name, expected = request.path_params["site"], request.query_params.get("expected")
        await asyncio.to_thread(
            lambda: unschedule_policy(self._parts, member, name, expected=expected)
        )
        return nothing()

    async def retire(self, request: Request, member: Member) -> Response:
        """End a site for good."""

        def ended() -> None:
            name = self._site(request.path_params["site"]).name
            retire_site(self._parts, member, name)

        await asyncio.to_thread(ended)
        return nothing()

    async def limit(self, request: Request, member: Member) -> Response:
        """Say how many rows a day the site may store."""
        name = request.path_params["site"]
        body = await read_json(request, NewLimit)
        await asyncio.to_thread(limit_site, self._parts, member, name, body.rows_a_day)
        return nothing()

    async def editions(self, request: Request, member: Member) -> Response:
        """What the site has published, newest first."""
        site = await asyncio.to_thread(self._site, request.path_params["site"])
        return answer({"editions": editions_json(site)})

    def _told(self, name: str) -> dict[str, Any]:
        return whole_site_json(self._registry, self._site(name))

    def _site(self, name: str) -> Site:
        site = self._registry.site(name)
        if site is None:
            raise Refused(Reason.NO_SUCH_SITE, "name a site of yours")
        return site


def _policy(document: Mapping[str, Any], site: str) -> Policy:
    policy = read_policy(document)
    if policy.site != site:
        raise Refused(Reason.OTHER_NAME, f"the policy is of {policy.site!r}: send it to that site")
    return policy


def _seconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise Refused(
            Reason.BAD_SHAPE, "write effective with its offset, such as 2027-01-01T00:00:00Z"
        )
    return int(moment.timestamp())
