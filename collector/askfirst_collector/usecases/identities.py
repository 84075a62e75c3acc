"""Coming in by an OIDC provider: as the member one is, or as the one an invitation makes."""

from __future__ import annotations

from askfirst.errors import Reason, Refused
from askfirst_collector.members.identities import Identity, add_identity, name_of_identity
from askfirst_collector.members.invitations import (
    Invitation,
    invitation_of_email,
    invitation_of_link,
)
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import LONGEST_NAME, find_member, is_taken, name_problem
from askfirst_collector.members.sessions import name_of_session
from askfirst_collector.members.transaction import Transaction, unchecked
from askfirst_collector.services import Services
from askfirst_collector.usecases.invitations import use_invitation

NAMES_TRIED = 20  # of a new member, where somebody has the first


def sign_in_with_identity(parts: Services, who: Identity, invited_by: str = "") -> Member | None:
    """The member with this identity; else the one an open invitation makes; else None.

    `invited_by` is the token of a link. An invitation that names an address is for it alone,
    and one that names it is found without its link. Nobody becomes a member otherwise.
    """
    with unchecked(parts) as work:
        known = name_of_identity(work.connection, who)
        if known is not None:
            return find_member(work.connection, known)
        invitation = _invitation(work, who, invited_by)
        if invitation is None:
            return None
        name = _free_name(work, who)
        member = use_invitation(work, invitation, name, "")
        _add(work, who, name)
        return member


def join_identity(parts: Services, who: Identity, session_hash: bytes) -> Member:
    """Give the member of a live session this identity. Raises Refused."""
    with unchecked(parts) as work:
        name = name_of_session(work.connection, session_hash, work.now)
        member = find_member(work.connection, name) if name is not None else None
        if member is None:
            raise Refused(Reason.NOT_ALLOWED, "sign in again, and join from your account")
        known = name_of_identity(work.connection, who)
        if known is None:
            _add(work, who, member.name)
        elif known != member.name:
            raise Refused(Reason.NOT_ALLOWED, "that account there is somebody else's here")
        return member


def _invitation(work: Transaction, who: Identity, token: str) -> Invitation | None:
    invitation = invitation_of_link(work.connection, token, work.now) if token else None
    if invitation is not None and invitation.email and invitation.email != who.email.casefold():
        invitation = None
    if invitation is None and who.email:
        invitation = invitation_of_email(work.connection, who.email, work.now)
    return invitation


def _add(work: Transaction, who: Identity, name: str) -> None:
    add_identity(work.connection, who, name)
    after = {"issuer": who.issuer}
    work.record("member.identity", name, before=None, after=after, actor=name)


def _free_name(work: Transaction, who: Identity) -> str:
    """A name nobody has: as they are called there, with a number where it must be."""
    proposals = (who.email, who.name, "member")
    base = next(
        proposal
        for proposal in proposals
        if proposal and not name_problem(proposal[:LONGEST_NAME].strip())
    )
    base = base[: LONGEST_NAME - 4].strip()
    for number in range(1, NAMES_TRIED + 1):
        name = base if number == 1 else f"{base} {number}"
        if not is_taken(work.connection, name):
            return name
    raise Refused(Reason.NAME_TAKEN, "ask for another invitation, and choose a name yourself")
