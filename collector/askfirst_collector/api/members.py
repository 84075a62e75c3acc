"""Members, invitations, API tokens and the audit, for programs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from askfirst.contracts.names import NAME
from askfirst.errors import Reason, Refused
from askfirst_collector.api.auth import LATEST, Endpoint, answer, nothing, read_json, read_number
from askfirst_collector.ledger.changes import Change, changes
from askfirst_collector.members.invitations import Invitation
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.tokens import Token
from askfirst_collector.services import Services
from askfirst_collector.usecases.account import end_token
from askfirst_collector.usecases.invitations import invite_member, withdraw_invitation
from askfirst_collector.usecases.members import change_member, remove_member

MOST_CHANGES = 200  # in one answer
T = TypeVar("T")
_Role = Literal["host-admin", "site-owner", "reader"]
_Sites = Annotated[list[Annotated[str, Meta(pattern=f"^{NAME.pattern}$")]], Meta(max_length=1000)]


class NewInvitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What whoever opens the link becomes; with `email` only the holder of that address."""

    role: _Role
    sites: _Sites = []
    email: Annotated[str, Meta(max_length=254)] = ""


class RoleOnSites(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The role and the sites of a member, whole."""

    role: _Role
    sites: _Sites = []


class MembersFace:
    """The handlers; each raises Refused or CollectorUnavailable."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts
        self._members = parts.members

    def endpoints(self) -> list[Endpoint]:
        """Every path of this file, and the action that it is."""
        members, invitations = "/v1/admin/members", "/v1/admin/invitations"
        return [
            Endpoint("GET", "/v1/admin/me", None, self.me),
            Endpoint("GET", members, "member.read", self.list),
            Endpoint("GET", f"{members}/{{name}}", "member.read", self.one),
            Endpoint("PUT", f"{members}/{{name}}", "member.change", self.change),
            Endpoint("DELETE", f"{members}/{{name}}", "member.change", self.remove),
            Endpoint("GET", invitations, "member.read", self.invitations),
            Endpoint("POST", invitations, "member.change", self.invite),
            Endpoint("DELETE", f"{invitations}/{{id}}", "member.change", self.withdraw),
            Endpoint("GET", "/v1/admin/tokens", "account", self.tokens),
            Endpoint("DELETE", "/v1/admin/tokens/{id}", "account", self.end_token),
            Endpoint("GET", "/v1/admin/changes", "audit.read", self.changes),
            Endpoint("GET", "/v1/admin/sites/{site}/changes", "site.audit", self.changes),
        ]

    async def me(self, request: Request, member: Member) -> Response:
        """Whose token this is, and what it is for."""
        return answer({**_member(member), "scopes": sorted(member.scopes or ())})

    async def list(self, request: Request, member: Member) -> Response:
        """Every member, by name."""
        members = await _thread(self._members.all)
        return answer({"members": [_member(account) for account in members]})

    async def one(self, request: Request, member: Member) -> Response:
        """One member."""
        account = await _thread(self._members.get, request.path_params["name"])
        if account is None:
            raise Refused(Reason.NO_SUCH_MEMBER, "see /v1/admin/members")
        return answer(_member(account))

    async def change(self, request: Request, member: Member) -> Response:
        """Give a member this role and these sites; it counts from their next request on."""
        body = await read_json(request, RoleOnSites)
        name = request.path_params["name"]
        changed = await _thread(change_member, self._parts, member, name, body.role, body.sites)
        return answer(_member(changed))

    async def remove(self, request: Request, member: Member) -> Response:
        """Remove a member, their sessions and their tokens."""
        await _thread(remove_member, self._parts, member, request.path_params["name"])
        return nothing()

    async def invitations(self, request: Request, member: Member) -> Response:
        """The invitations that can still be accepted; their links are nowhere."""
        invitations = await _thread(self._members.invitations.open)
        return answer({"invitations": [_invitation(invitation) for invitation in invitations]})

    async def invite(self, request: Request, member: Member) -> Response:
        """Make an invitation. Its token is shown this once: it is the end of the link."""
        body = await read_json(request, NewInvitation)

        def create() -> tuple[Invitation, str]:
            return invite_member(self._parts, member, body.role, body.sites, email=body.email)

        new, token = await _thread(create)
        link = f"/askfirst/host/invitation?token={token}"
        return answer({**_invitation(new), "path": link}, 201)

    async def withdraw(self, request: Request, member: Member) -> Response:
        """Make the link of an invitation stop working."""
        await _thread(withdraw_invitation, self._parts, member, request.path_params["id"])
        return nothing()

    async def tokens(self, request: Request, member: Member) -> Response:
        """The tokens of the one who asks; they are made in the dashboard alone."""
        tokens = await _thread(self._members.tokens.of, member.name)
        return answer({"tokens": [_token(token) for token in tokens]})

    async def end_token(self, request: Request, member: Member) -> Response:
        """End one of them."""
        id = request.path_params["id"]
        await _thread(end_token, self._parts, member, member.name, id)
        return nothing()

    async def changes(self, request: Request, member: Member) -> Response:
        """What members changed, newest first, of one site or of everything."""
        site = request.path_params.get("site")
        limit = read_number(request, "limit", 1, MOST_CHANGES) or MOST_CHANGES
        before = read_number(request, "before", 0, LATEST)
        sites = None if site is None else {site}
        entries = await _thread(lambda: changes(self._parts.engine, limit, before, sites=sites))
        return answer({"changes": [_change(change) for change in entries]})


def _member(member: Member) -> dict[str, Any]:
    return {"name": member.name, "role": member.role, "sites": sorted(member.sites)}


def _invitation(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "role": invitation.role,
        "sites": sorted(invitation.sites),
        "email": invitation.email,
        "expires": _moment(invitation.expires),
    }


def _token(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": list(token.scopes),
        "begun": token.begun,
        "expires": _moment(token.expires),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "index": change.index,
        "actor": change.actor,
        "action": change.action,
        "target": change.target,
        "site": change.site,
        "before": change.before,
        "after": change.after,
        "hour": _moment(change.hour),
    }


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _thread(function: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.to_thread(function, *arguments)
