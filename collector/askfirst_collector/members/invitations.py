"""Invitations: a link that makes one member, once, with the role and sites it was made for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select

from askfirst.errors import Reason, Refused
from askfirst_collector.ledger.changes import changes_since, record_change
from askfirst_collector.members.passwords import Passwords
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import (
    HOST_ADMIN,
    add_member,
    check_actor,
    check_role,
    digest,
    member_json,
)
from askfirst_collector.members.tables import changing, invitation, reading

INVITATION_SECONDS = 7 * 86_400
INVITE = "member.invite"  # the action in the audit
LARGEST_COUNT = 200  # open at the same time
LONGEST_EMAIL = 254  # characters, RFC 5321 section 4.5.3.1.3


@dataclass(frozen=True)
class Invitation:
    """One that is open: what whoever accepts it becomes."""

    id: str
    role: str
    sites: frozenset[str]
    email: str  # "": whoever has the link
    expires: int  # unix seconds


class Invitations:
    """Invitations in `ledger.db`: used once, in whichever worker."""

    def __init__(
        self,
        engine: Engine,
        passwords: Passwords,
        *,
        now: Callable[[], float],
        urandom: Callable[[int], bytes],
    ) -> None:
        self._engine = engine
        self._passwords = passwords
        self._now = now
        self._urandom = urandom

    def invite(
        self, actor: Member, role: str, sites: Collection[str], *, email: str = ""
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
        if email and (len(email) > LONGEST_EMAIL or not _is_email(email)):
            raise Refused(Reason.BAD_SHAPE, "write an e-mail address, or leave it out")
        token = self._urandom(32).hex()
        with changing(self._engine) as connection:
            check_actor(connection, actor, "member.change")
            self._drop_old(connection)
            count = connection.execute(select(func.count()).select_from(invitation)).scalar_one()
            if count >= LARGEST_COUNT:
                raise Refused(Reason.TOO_MANY_REQUESTS, "withdraw invitations that nobody accepts")
            entry = Invitation(
                id=self._urandom(8).hex(),
                role=role,
                sites=frozenset(sites),
                email=email,
                expires=int(self._now()) + INVITATION_SECONDS,
            )
            connection.execute(
                insert(invitation).values(
                    id=entry.id,
                    hash=digest(token),
                    role=role,
                    sites=" ".join(sorted(sites)),
                    email=email,
                    expires=entry.expires,
                )
            )
            self._record(connection, actor.name, INVITE, entry.id, None, _told(entry))
        return entry, token

    def open(self) -> tuple[Invitation, ...]:
        """Those that can still be accepted, the one that ends first first."""
        query = select(invitation).where(invitation.c.expires > int(self._now()))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(invitation.c.expires, invitation.c.id))
            return tuple(_read(row) for row in rows)

    def withdraw(self, actor: Member, id: str) -> None:
        """Make the link of an invitation stop working."""
        with changing(self._engine) as connection:
            check_actor(connection, actor, "member.change")
            row = connection.execute(select(invitation).where(invitation.c.id == id)).first()
            if row is None:
                raise Refused(Reason.NOT_FOUND, "it was accepted, withdrawn, or has ended")
            self._end(connection, actor, _read(row))

    def end_those_of(self, connection: Connection, actor: Member, name: str) -> None:
        """End what `name` invited to and nobody accepted yet: they are no host admin any more."""
        since = self._now() - INVITATION_SECONDS
        ids = {
            change.target
            for change in changes_since(connection, since)
            if (change.action, change.actor) == (INVITE, name)
        }
        for row in connection.execute(select(invitation)).all():
            if row.id in ids:
                self._end(connection, actor, _read(row))

    def find(self, token: str) -> Invitation | None:
        """The open invitation of a link. Looking does not use it up."""
        with reading(self._engine) as connection:
            return self.by_token(connection, token)

    def accept(self, token: str, name: str, password: str) -> Member | None:
        """Use the link up and make the member; None when it is used or over.

        Raises Refused where the name cannot be had; the link then still works.
        """
        if self.find(token) is None:
            return None
        hashed = self._passwords.hash(password)
        with changing(self._engine) as connection:
            invitation = self.by_token(connection, token)
            return None if invitation is None else self.use(connection, invitation, name, hashed)

    def use(
        self, connection: Connection, entry: Invitation, name: str, hashed: str
    ) -> Member | None:
        """Make the member of an invitation inside a transaction; None when somebody else did."""
        used = connection.execute(delete(invitation).where(invitation.c.id == entry.id))
        if used.rowcount != 1:
            return None
        member = add_member(connection, name, entry.role, entry.sites, hashed)
        after = {**member_json(member), "invitation": entry.id}
        self._record(connection, name, "member.accept", name, None, after)
        return member

    def for_email(self, connection: Connection, email: str) -> Invitation | None:
        """The open invitation of a verified e-mail address."""
        query = select(invitation).where(
            invitation.c.email == email.strip().casefold(),
            invitation.c.email != "",
            invitation.c.expires > int(self._now()),
        )
        row = connection.execute(query.order_by(invitation.c.expires.desc()).limit(1)).first()
        return None if row is None else _read(row)

    def by_token(self, connection: Connection, token: str) -> Invitation | None:
        """The open invitation of a link, inside a transaction."""
        row = connection.execute(
            select(invitation).where(
                invitation.c.hash == digest(token), invitation.c.expires > int(self._now())
            )
        ).first()
        return None if row is None else _read(row)

    def _end(self, connection: Connection, actor: Member, entry: Invitation) -> None:
        connection.execute(delete(invitation).where(invitation.c.id == entry.id))
        self._record(connection, actor.name, "invitation.end", entry.id, _told(entry), None)

    def _drop_old(self, connection: Connection) -> None:
        connection.execute(delete(invitation).where(invitation.c.expires <= int(self._now())))

    def _record(
        self, connection: Connection, actor: str, action: str, target: str, before: Any, after: Any
    ) -> None:
        record_change(
            connection,
            actor=actor,
            action=action,
            target=target,
            before=before,
            after=after,
            now=self._now(),
            urandom=self._urandom,
        )


def _read(row: Row[Any]) -> Invitation:
    return Invitation(row.id, row.role, frozenset(row.sites.split()), row.email, row.expires)


def _told(invitation: Invitation) -> dict[str, Any]:
    """Without the address: it is deleted with the invitation, and the ledger keeps for ever."""
    to_whom = {"to": "one e-mail address"} if invitation.email else {}
    return {"role": invitation.role, "sites": sorted(invitation.sites), **to_whom}


def _is_email(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return bool(local and "." in domain and text.isprintable() and not set(text) & set(" <>,;"))
