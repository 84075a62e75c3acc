"""Invitations: made, withdrawn and accepted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from askfirst.errors import Reason, Refused
from askfirst_collector.ledger.changes import changes_since
from askfirst_collector.members.invitations import (
    INVITATION_SECONDS,
    Invitation,
    add_invitation,
    count_invitations,
    drop_invitation,
    email_problem,
    invitation_of_link,
    open_invitations,
)
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import HOST_ADMIN, add_member, check_role, member_json
from askfirst_collector.members.transaction import Transaction, transaction, unchecked
from askfirst_collector.services import Services

INVITE = "member.invite"  # the action in the audit
LARGEST_COUNT = 200  # open at the same time


def invite_member(
    parts: Services, actor: Member, role: str, sites: Collection[str], *, email: str = ""
) -> tuple[Invitation, str]:
    """A new invitation and its token, which is shown this once.

    Raises Refused: not allowed, an unknown role, a name no site can have, no site at all.
    """
    check_role(role, sites)
    if role == HOST_ADMIN:
        sites = ()
    elif not sites:
        raise Refused(Reason.BAD_SHAPE, "name at least one site")
    email = email.strip().casefold()
    if problem := email_problem(email):
        raise Refused(Reason.BAD_SHAPE, problem)
    with transaction(parts, actor, "member.change") as work:
        if count_invitations(work.connection, work.now) >= LARGEST_COUNT:
            raise Refused(Reason.TOO_MANY_REQUESTS, "withdraw invitations that nobody accepts")
        token = parts.urandom(32).hex()
        invitation = Invitation(
            id=parts.urandom(8).hex(),
            role=role,
            sites=frozenset(sites),
            email=email,
            expires=int(work.now) + INVITATION_SECONDS,
        )
        add_invitation(work.connection, invitation, token)
        work.record(INVITE, invitation.id, before=None, after=_as_change(invitation))
    return invitation, token


def withdraw_invitation(parts: Services, actor: Member, id: str) -> None:
    """Make the link of an invitation stop working. Raises Refused `not-found` where it does not."""
    with transaction(parts, actor, "member.change") as work:
        invitations = open_invitations(work.connection, work.now)
        invitation = next((entry for entry in invitations if entry.id == id), None)
        if invitation is None:
            raise Refused(Reason.NOT_FOUND, "it was accepted, withdrawn, or has ended")
        _end(work, invitation)


def end_invitations_of(work: Transaction, name: str) -> None:
    """End what `name` invited to and nobody accepted yet: they are no host admin any more."""
    since = work.now - INVITATION_SECONDS
    ids = {
        change.target
        for change in changes_since(work.connection, since)
        if (change.action, change.actor) == (INVITE, name)
    }
    for invitation in open_invitations(work.connection, work.now):
        if invitation.id in ids:
            _end(work, invitation)


def accept_invitation(parts: Services, token: str, name: str, password: str) -> Member | None:
    """Use the link up and make the member; None when it is used or over.

    Raises Refused where the name cannot be had; the link then still works.
    """
    if parts.members.invitations.find(token) is None:
        return None
    hashed = parts.members.passwords.hash(password)
    with unchecked(parts) as work:
        invitation = invitation_of_link(work.connection, token, work.now)
        return None if invitation is None else use_invitation(work, invitation, name, hashed)


def use_invitation(work: Transaction, invitation: Invitation, name: str, hashed: str) -> Member:
    """Make the member of an invitation, which is used up; the actor is whoever accepts it."""
    drop_invitation(work.connection, invitation.id)
    member = add_member(work.connection, name, invitation.role, invitation.sites, hashed)
    after = {**member_json(member), "invitation": invitation.id}
    work.record("member.accept", name, before=None, after=after, actor=name)
    return member


def _end(work: Transaction, invitation: Invitation) -> None:
    drop_invitation(work.connection, invitation.id)
    work.record("invitation.end", invitation.id, before=_as_change(invitation), after=None)


def _as_change(invitation: Invitation) -> dict[str, Any]:
    """Without the address: it is deleted with the invitation, and the ledger keeps for ever."""
    to_whom = {"to": "one e-mail address"} if invitation.email else {}
    return {"role": invitation.role, "sites": sorted(invitation.sites), **to_whom}
