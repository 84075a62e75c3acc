"""Who a member is to an OIDC provider, by issuer and subject."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select

from askfirst_collector.members.rows import digest
from askfirst_collector.members.tables import identity
from askfirst_collector.store.database import reading


@dataclass(frozen=True)
class Identity:
    """What a provider vouches for; an e-mail address only where it has verified it."""

    issuer: str
    subject: str
    email: str  # "" where there is none, or nobody verified it
    name: str  # what they call themselves there


class Identities:
    """Identities in `ledger.db`, to look at."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, name: str) -> tuple[str, ...]:
        """The issuers a member can sign in with."""
        query = select(identity.c.issuer).where(identity.c.member == name)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query.order_by(identity.c.issuer)).scalars())


def add_identity(connection: Connection, who: Identity, name: str) -> None:
    """Let this identity sign in as a member."""
    values = {"issuer": who.issuer, "subject": who.subject, "member": name}
    connection.execute(insert(identity).values(values))


def name_of_identity(connection: Connection, who: Identity) -> str | None:
    """The member whose identity it is."""
    query = select(identity.c.member).where(
        identity.c.issuer == who.issuer, identity.c.subject == who.subject
    )
    name: str | None = connection.execute(query).scalar()
    return name


def hash_of_session(token: str) -> bytes:
    """By what an identity is joined to a session, without its token being told to anybody."""
    return digest(token)
