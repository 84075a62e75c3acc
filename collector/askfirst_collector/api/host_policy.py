"""The host's policy, for programs: what is in force, what another would do, publishing it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Problem
from askfirst.terms.policy import LARGEST, read_policy
from askfirst_collector.api.auth import Endpoint, answer, read_json
from askfirst_collector.api.serialize import moment
from askfirst_collector.catalogue.enforce_host_policy import Affected
from askfirst_collector.catalogue.host_editions import history
from askfirst_collector.catalogue.host_policy import newer_attributes
from askfirst_collector.ingest.off_loop import read_apart
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from askfirst_collector.usecases.preview_host_policy import preview
from askfirst_collector.usecases.save_host_policy import host_policy_number, save_host_policy


class Tried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host policy to hold everything against."""

    policy: dict[str, Any]


class NewHostPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host policy to publish; `expected` is the number of the one that was read."""

    policy: dict[str, Any]
    expected: Annotated[int, Meta(ge=0, le=2**53 - 1)]


class HostPolicyFace:
    """The handlers; each raises Refused, PolicyError or CollectorUnavailable."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts

    def endpoints(self) -> list[Endpoint]:
        """Every path of this file, and the action that it is."""
        path = "/v1/admin/ceiling"
        return [
            Endpoint("GET", path, "host-policy.read", self.show),
            Endpoint("PUT", path, "host-policy.change", self.save),
            Endpoint("POST", f"{path}/preview", "host-policy.change", self.preview),
        ]

    async def show(self, request: Request, member: Member) -> Response:
        """The host policy in force; `policy` is null where it cannot be read: nothing is gathered.

        `file` names the file that governs, where one does.
        """

        def shown() -> dict[str, Any]:
            policy, file = self._parts.host.current().policy, self._parts.host.file
            editions = history(self._parts.engine)
            return {
                "number": host_policy_number(self._parts),
                "hash": None if policy is None else policy.hash,
                "policy": None if policy is None else policy.document,
                "file": None if file is None else file.name,
                "proposals": [] if policy is None else _plain(newer_attributes(policy)),
                "history": [
                    {"number": number, "hash": digest, "effective": moment(effective)}
                    for number, digest, effective in editions
                ],
            }

        return answer(await asyncio.to_thread(shown))

    async def preview(self, request: Request, member: Member) -> Response:
        """Whom another host policy would suspend, who would go on, and what would be purged."""
        body = await read_json(request, Tried, largest=LARGEST)
        policy = await read_apart(lambda: read_policy(body.policy, kind="host"))
        effects = await asyncio.to_thread(preview, self._parts, policy)
        return answer(
            {
                "suspends": [_affected(change) for change in effects.suspends],
                "resumes": [_affected(change) for change in effects.resumes],
                "purges": [asdict(change) for change in effects.purges],
                "proposals": _plain(effects.proposals),
            }
        )

    async def save(self, request: Request, member: Member) -> Response:
        """Publish a host policy in every worker, from the next event on."""
        body = await read_json(request, NewHostPolicy, largest=LARGEST)
        policy = await read_apart(lambda: read_policy(body.policy, kind="host"))
        saved = await asyncio.to_thread(
            lambda: save_host_policy(self._parts, member, policy, expected=body.expected)
        )
        return answer(
            {
                "number": saved.number,
                "hash": saved.hash,
                "suspended": [_affected(change) for change in saved.suspended],
                "resumed": [_affected(change) for change in saved.resumed],
                "proposals": _plain(newer_attributes(policy)),
            }
        )


def _affected(change: Affected) -> dict[str, Any]:
    return {
        "site": change.site,
        "collector": change.collector,
        "owner": change.owner,
        "conflicts": _plain(change.problems),
    }


def _plain(problems: Iterable[Problem]) -> list[dict[str, object]]:
    return [problem.as_dict() for problem in problems]
