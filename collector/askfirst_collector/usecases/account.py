"""A member's own account: the password, the browsers that are signed in, the API tokens."""

from __future__ import annotations

import base64
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from askfirst.errors import Reason, Refused
from askfirst_collector.members.permissions import SCOPES, Member
from askfirst_collector.members.rows import LONGEST_NAME, end_access, known_member, set_password
from askfirst_collector.members.sessions import drop_session
from askfirst_collector.members.tokens import PREFIX, Token, add_token, count_tokens, drop_token
from askfirst_collector.members.transaction import transaction
from askfirst_collector.services import Services

LARGEST_COUNT = 20  # tokens of one member
LONGEST_DAYS = 365
DAY = 86_400  # seconds


def change_password(parts: Services, actor: Member, password: str) -> None:
    """Replace one's own password and end every session that one has."""
    hashed = parts.members.passwords.hash(password)
    with transaction(parts, actor, "account") as work:
        known_member(work.connection, actor.name)
        set_password(work.connection, actor.name, hashed)
        end_access(work.connection, actor.name, tokens=False)
        work.record("account.password", actor.name, before=None, after=None)


def end_session(parts: Services, actor: Member, name: str, id: str) -> None:
    """End one session by its id: one's own, or with `member.change` anybody's. Raises Refused."""
    with transaction(parts, actor, _of_account(actor, name)) as work:
        if not drop_session(work.connection, name, id):
            raise Refused(Reason.NOT_FOUND, "it has ended already")
        work.record("session.end", name, before={"session": id}, after=None)


def create_token(
    parts: Services, actor: Member, name: str, scopes: Collection[str], *, days: int
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
    secret = PREFIX + base64.urlsafe_b64encode(parts.urandom(32)).rstrip(b"=").decode()
    with transaction(parts, actor, "account") as work:
        if count_tokens(work.connection, actor.name, work.now) >= LARGEST_COUNT:
            raise Refused(Reason.TOO_MANY_REQUESTS, "end tokens that nobody uses")
        token = Token(
            id=parts.urandom(8).hex(),
            member=actor.name,
            name=name,
            scopes=tuple(scope for scope in SCOPES if scope in scopes),
            begun=_day(work.now),
            expires=int(work.now) + days * DAY,
        )
        add_token(work.connection, token, secret)
        work.record("api-token.make", actor.name, before=None, after=_as_change(token))
    return token, secret


def end_token(parts: Services, actor: Member, name: str, id: str) -> None:
    """End a token: one's own, or with `member.change` anybody's. Raises Refused."""
    with transaction(parts, actor, _of_account(actor, name)) as work:
        token = drop_token(work.connection, name, id)
        if token is None:
            raise Refused(Reason.NOT_FOUND, "it has ended already")
        work.record("api-token.end", name, before=_as_change(token), after=None)


def _of_account(actor: Member, name: str) -> str:
    return "account" if actor.name == name else "member.change"


def _as_change(token: Token) -> dict[str, Any]:
    """Without the name: its member chose it, and the ledger keeps for ever."""
    return {"id": token.id, "scopes": list(token.scopes), "until": _day(token.expires)}


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
