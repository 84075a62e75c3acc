"""Who a member is to an OIDC provider: found by issuer and subject, made by an invitation alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select

from askfirst.errors import Reason, Refused
from askfirst_collector.ledger.changes import record_change
from askfirst_collector.members.invitations import Invitation, Invitations
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import (
    LONGEST_NAME,
    digest,
    find_member,
    is_taken,
    name_problem,
)
from askfirst_collector.members.tables import COPIED, changing, identity, reading, session

NAMES_TRIED = 20  # of a new member, where somebody has the first


@dataclass(frozen=True)
class Identity:
    """What a provider vouches for; an e-mail address only where it has verified it."""

    issuer: str
    subject: str
    email: str  # "" where there is none, or nobody verified it
    name: str  # what they call themselves there


class Identities:
    """Identities in `ledger.db`; safe in any thread and in any worker."""

    def __init__(
        self,
        engine: Engine,
        invitations: Invitations,
        *,
        now: Callable[[], float],
        urandom: Callable[[int], bytes],
    ) -> None:
        self._engine = engine
        self._invitations = invitations
        self._now = now
        self._urandom = urandom

    def sign_in(self, who: Identity, invited_by: str = "") -> Member | None:
        """The member with this identity; else the one an open invitation makes; else None.

        `invited_by` is the token of a link. An invitation that names an address is for it alone,
        and one that names it is found without its link. Nobody becomes a member otherwise.
        """
        with changing(self._engine) as connection:
            known = _member_of(connection, who)
            if known is not None:
                return find_member(connection, known)
            invitation = self._invitation(connection, who, invited_by)
            if invitation is None:
                return None
            name = _free_name(connection, who)
            member = self._invitations.use(connection, invitation, name, "")
            if member is not None:
                self._add(connection, who, name)
            return member

    def join(self, who: Identity, session_hash: bytes) -> Member:
        """Give the member of a live session this identity. Raises Refused."""
        with changing(self._engine) as connection:
            query = select(session.c.member).where(
                session.c.hash == session_hash,
                session.c.expires > int(self._now()),
                session.c.browser != COPIED,
            )
            name: str | None = connection.execute(query).scalar()
            member = find_member(connection, name) if name is not None else None
            if name is None or member is None:
                raise Refused(Reason.NOT_ALLOWED, "sign in again, and join from your account")
            known = _member_of(connection, who)
            if known is None:
                self._add(connection, who, name)
            elif known != name:
                raise Refused(Reason.NOT_ALLOWED, "that account there is somebody else's here")
            return member

    def of(self, name: str) -> tuple[str, ...]:
        """The issuers a member can sign in with."""
        query = select(identity.c.issuer).where(identity.c.member == name)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query.order_by(identity.c.issuer)).scalars())

    def _invitation(self, connection: Connection, who: Identity, token: str) -> Invitation | None:
        invitation = self._invitations.by_token(connection, token) if token else None
        if invitation is not None and invitation.email and invitation.email != who.email.casefold():
            invitation = None
        if invitation is None and who.email:
            invitation = self._invitations.for_email(connection, who.email)
        return invitation

    def _add(self, connection: Connection, who: Identity, name: str) -> None:
        connection.execute(
            insert(identity).values(issuer=who.issuer, subject=who.subject, member=name)
        )
        record_change(
            connection,
            actor=name,
            action="member.identity",
            target=name,
            before=None,
            after={"issuer": who.issuer},
            now=self._now(),
            urandom=self._urandom,
        )


def hash_of_session(token: str) -> bytes:
    """By what `join` finds a session, without its token being told to anybody."""
    return digest(token)


def _member_of(connection: Connection, who: Identity) -> str | None:
    query = select(identity.c.member).where(
        identity.c.issuer == who.issuer, identity.c.subject == who.subject
    )
    name: str | None = connection.execute(query).scalar()
    return name


def _free_name(connection: Connection, who: Identity) -> str:
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
        if not is_taken(connection, name):
            return name
    raise Refused(Reason.NAME_TAKEN, "ask for another invitation, and choose a name yourself")
