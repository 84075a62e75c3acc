"""Invitations as they are kept: a link that makes one member, once, with its role and sites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from askfirst_collector.members.rows import digest
from askfirst_collector.members.tables import invitation
from askfirst_collector.store.database import reading

INVITATION_SECONDS = 7 * 86_400
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
    """The open invitations in `ledger.db`, to look at."""

    def __init__(self, engine: Engine, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    def open(self) -> tuple[Invitation, ...]:
        """Those that can still be accepted, the one that ends first first."""
        with reading(self._engine) as connection:
            return open_invitations(connection, self._now())

    def find(self, token: str) -> Invitation | None:
        """The open invitation of a link. Looking does not use it up."""
        with reading(self._engine) as connection:
            return invitation_of_link(connection, token, self._now())


def forget_site_of_invitations(connection: Connection, site: str) -> None:
    """Take a site out of the invitations; one that is to no other site goes."""
    for row in connection.execute(select(invitation.c.id, invitation.c.sites)).all():
        sites = row.sites.split()
        if site in sites:
            own, rest = invitation.c.id == row.id, [name for name in sites if name != site]
            change = update(invitation).where(own).values(sites=" ".join(rest))
            connection.execute(change if rest else delete(invitation).where(own))


def add_invitation(connection: Connection, entry: Invitation, token: str) -> None:
    """Keep an invitation, with the hash of its link's token."""
    connection.execute(
        insert(invitation).values(
            id=entry.id,
            hash=digest(token),
            role=entry.role,
            sites=" ".join(sorted(entry.sites)),
            email=entry.email,
            expires=entry.expires,
        )
    )


def drop_invitation(connection: Connection, id: str) -> bool:
    """End an invitation; whether it was still there."""
    return connection.execute(delete(invitation).where(invitation.c.id == id)).rowcount == 1


def open_invitations(connection: Connection, now: float) -> tuple[Invitation, ...]:
    """Those that can be accepted at `now` (unix seconds), the one that ends first first."""
    query = select(invitation).where(invitation.c.expires > int(now))
    rows = connection.execute(query.order_by(invitation.c.expires, invitation.c.id))
    return tuple(_read(row) for row in rows)


def count_invitations(connection: Connection, now: float) -> int:
    """How many are open, once those that are over are removed."""
    connection.execute(delete(invitation).where(invitation.c.expires <= int(now)))
    count: int = connection.execute(select(func.count()).select_from(invitation)).scalar_one()
    return count


def invitation_of_email(connection: Connection, email: str, now: float) -> Invitation | None:
    """The open invitation of a verified e-mail address."""
    query = select(invitation).where(
        invitation.c.email == email.strip().casefold(),
        invitation.c.email != "",
        invitation.c.expires > int(now),
    )
    row = connection.execute(query.order_by(invitation.c.expires.desc()).limit(1)).first()
    return None if row is None else _read(row)


def invitation_of_link(connection: Connection, token: str, now: float) -> Invitation | None:
    """The open invitation that this token is the link of."""
    query = select(invitation).where(
        invitation.c.hash == digest(token), invitation.c.expires > int(now)
    )
    row = connection.execute(query).first()
    return None if row is None else _read(row)


def email_problem(email: str) -> str | None:
    """What to do about an address that nobody can have; None where there is none, or it can be."""
    local, _, domain = email.rpartition("@")
    usable = local and "." in domain and email.isprintable() and not set(email) & set(" <>,;")
    if not email or (usable and len(email) <= LONGEST_EMAIL):
        return None
    return "write an e-mail address, or leave it out"


def _read(row: Row[Any]) -> Invitation:
    return Invitation(row.id, row.role, frozenset(row.sites.split()), row.email, row.expires)
