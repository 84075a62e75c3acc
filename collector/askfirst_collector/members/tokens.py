"""API tokens: what a program shows instead of a password. Shown once, kept as a hash."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select

from askfirst.errors import Reason, Refused
from askfirst_collector.ledger.changes import record_change
from askfirst_collector.members.permissions import SCOPES, Member
from askfirst_collector.members.rows import LONGEST_NAME, check_actor, digest, find_member
from askfirst_collector.members.tables import api_token, changing, reading

PREFIX = "askfirst_api_"
LARGEST_COUNT = 20  # of one member
LONGEST_DAYS = 365
DAY = 86_400  # seconds


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

    def __init__(
        self, engine: Engine, *, now: Callable[[], float], urandom: Callable[[int], bytes]
    ) -> None:
        self._engine = engine
        self._now = now
        self._urandom = urandom

    def make(
        self, actor: Member, name: str, scopes: Collection[str], *, days: int
    ) -> tuple[Token, str]:
        """A new token of the actor's own, and its text, which is shown this once.

        Only in person: a token that somebody found makes none that outlives it. Raises Refused.
        """
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise Refused(Reason.BAD_SHAPE, f"give a name of 1 to {LONGEST_NAME} characters")
        if not scopes or not set(scopes) <= set(SCOPES):
            raise Refused(Reason.BAD_SHAPE, f"choose scopes: {', '.join(SCOPES)}")
        if not 1 <= days <= LONGEST_DAYS:
            raise Refused(Reason.BAD_SHAPE, f"choose 1 to {LONGEST_DAYS} days")
        if actor.scopes is not None:
            raise Refused(Reason.NOT_ALLOWED, "make tokens in the dashboard, signed in")
        secret = PREFIX + base64.urlsafe_b64encode(self._urandom(32)).rstrip(b"=").decode()
        now = int(self._now())
        token = Token(
            id=self._urandom(8).hex(),
            member=actor.name,
            name=name,
            scopes=tuple(scope for scope in SCOPES if scope in scopes),
            begun=datetime.fromtimestamp(now, UTC).date().isoformat(),
            expires=now + days * DAY,
        )
        with changing(self._engine) as connection:
            check_actor(connection, actor, "account")
            connection.execute(delete(api_token).where(api_token.c.expires <= now))
            of_member = select(func.count()).where(api_token.c.member == actor.name)
            if connection.execute(of_member).scalar_one() >= LARGEST_COUNT:
                raise Refused(Reason.TOO_MANY_REQUESTS, "end tokens that nobody uses")
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
            self._record(connection, actor, "api-token.make", token, None, _told(token))
        return token, secret

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

    def end(self, actor: Member, name: str, id: str) -> None:
        """End a token: one's own, or with `member.change` anybody's. Raises Refused."""
        with changing(self._engine) as connection:
            check_actor(connection, actor, "account" if actor.name == name else "member.change")
            which = (api_token.c.member == name) & (api_token.c.id == id)
            row = connection.execute(select(api_token).where(which)).first()
            if row is None:
                raise Refused(Reason.NOT_FOUND, "it has ended already")
            connection.execute(delete(api_token).where(which))
            ended = _read(row)
            self._record(connection, actor, "api-token.end", ended, _told(ended), None)

    def _record(
        self,
        connection: Connection,
        actor: Member,
        action: str,
        token: Token,
        before: Any,
        after: Any,
    ) -> None:
        record_change(
            connection,
            actor=actor.name,
            action=action,
            target=token.member,
            before=before,
            after=after,
            now=self._now(),
            urandom=self._urandom,
        )


def _read(row: Row[Any]) -> Token:
    return Token(row.id, row.member, row.name, tuple(row.scopes.split()), row.begun, row.expires)


def _told(token: Token) -> dict[str, Any]:
    day = datetime.fromtimestamp(token.expires, UTC).date().isoformat()
    return {"id": token.id, "name": token.name, "scopes": list(token.scopes), "until": day}
