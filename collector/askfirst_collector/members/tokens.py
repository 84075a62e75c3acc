"""API tokens: what a program shows instead of a password. Shown once, kept as a hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select

from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import digest, find_member
from askfirst_collector.members.tables import api_token
from askfirst_collector.store.database import reading

PREFIX = "askfirst_api_"


@dataclass(frozen=True)
class Token:
    """One line of the list; the token itself is nowhere."""

    id: str
    member: str
    name: str
    scopes: tuple[str, ...]
    begun: str  # the day, ISO 8601
    expires: int  # unix seconds


class Tokens:
    """API tokens in `ledger.db`. What one may do is decided when it is used, not before."""

    def __init__(self, engine: Engine, *, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    def member_of(self, secret: str) -> Member | None:
        """Whose token this is, as they stand now, with its scopes; None for any other text."""
        if not secret.startswith(PREFIX):
            return None
        with reading(self._engine) as connection:
            row = connection.execute(
                select(api_token.c.member, api_token.c.scopes).where(
                    api_token.c.hash == digest(secret), api_token.c.expires > int(self._now())
                )
            ).first()
            member = find_member(connection, row.member) if row is not None else None
        if row is None or member is None:
            return None
        return replace(member, scopes=frozenset(row.scopes.split()))

    def of(self, name: str) -> tuple[Token, ...]:
        """The tokens of a member, the one that ends first first."""
        query = (
            select(api_token)
            .where(api_token.c.member == name, api_token.c.expires > int(self._now()))
            .order_by(api_token.c.expires, api_token.c.id)
        )
        with reading(self._engine) as connection:
            return tuple(_read(row) for row in connection.execute(query))


def add_token(connection: Connection, token: Token, secret: str) -> None:
    """Keep a token, with the hash of its text."""
    connection.execute(
        insert(api_token).values(
            id=token.id,
            hash=digest(secret),
            member=token.member,
            name=token.name,
            scopes=" ".join(token.scopes),
            begun=token.begun,
            expires=token.expires,
        )
    )


def count_tokens(connection: Connection, name: str, now: float) -> int:
    """How many tokens a member has, once those that are over are removed."""
    connection.execute(delete(api_token).where(api_token.c.expires <= int(now)))
    query = select(func.count()).where(api_token.c.member == name)
    count: int = connection.execute(query).scalar_one()
    return count


def drop_token(connection: Connection, name: str, id: str) -> Token | None:
    """End a token of a member; what it was, None where it was not there."""
    own = (api_token.c.member == name, api_token.c.id == id)
    row = connection.execute(select(api_token).where(*own)).first()
    connection.execute(delete(api_token).where(*own))
    return None if row is None else _read(row)


def _read(row: Row[Any]) -> Token:
    return Token(row.id, row.member, row.name, tuple(row.scopes.split()), row.begun, row.expires)
