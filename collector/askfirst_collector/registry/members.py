"""Who may open the dashboard: members, their sessions, the one-time link that makes the first.

Secrets are kept as hashes: passwords as Argon2id, session tokens and links as SHA-256.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from askfirst_collector.store.database import metadata, writing

ROLES = ("host-admin", "site-owner", "reader")
SESSION_SECONDS = 12 * 3600
LARGEST_SESSION_COUNT = 10  # a member's older sessions end when there are more
SHORTEST_PASSWORD = 12  # characters
LONGEST_PASSWORD = 256  # characters; hashing time must stay bounded

members = Table(
    "members",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("password", String(200), nullable=False),  # Argon2id, PHC string
)
sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("member", String(80), nullable=False, index=True),
    Column("expires", Integer, nullable=False),
)
setup_links = Table(
    "setup_links",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("made", Integer, nullable=False),
)


@dataclass(frozen=True)
class Member:
    """Someone signed in; `role` is one of ROLES."""

    name: str
    role: str


class Members:
    """Members and sessions in `ledger.db`; safe to use from any thread and in any worker."""

    def __init__(
        self, engine: Engine, *, now: Callable[[], float], urandom: Callable[[int], bytes]
    ) -> None:
        self._engine = engine
        self._now = now
        self._urandom = urandom
        self._hasher = PasswordHasher()
        # Argon2 takes 64 MiB for each hash: a crowd at the door must not take all the memory.
        self._hashing = threading.BoundedSemaphore(2)

    def any(self) -> bool:
        """Whether anyone has set a password yet."""
        with self._engine.connect() as connection:
            return bool(connection.execute(select(func.count()).select_from(members)).scalar_one())

    def new_link(self) -> str:
        """A new one-time token, as text; every older unused one stops working."""
        token = self._urandom(32).hex()
        with writing(self._engine) as connection:
            connection.execute(delete(setup_links))
            connection.execute(
                insert(setup_links).values(hash=_digest(token), made=int(self._now()))
            )
        return token

    def link_works(self, token: str) -> bool:
        """Whether `token` is the unused one. Looking does not use it."""
        with self._engine.connect() as connection:
            found = connection.execute(
                select(setup_links.c.hash).where(setup_links.c.hash == _digest(token))
            )
            return found.first() is not None

    def set_up(self, token: str, name: str, password: str) -> Member | None:
        """Use the link up and make `name` a host admin; None when the link was used already.

        Where `name` exists, its password is replaced and its sessions end.
        """
        hashed = self._hash(password)
        with writing(self._engine) as connection:
            used = connection.execute(
                delete(setup_links).where(setup_links.c.hash == _digest(token))
            )
            if used.rowcount != 1:
                return None
            connection.execute(delete(sessions).where(sessions.c.member == name))
            connection.execute(delete(members).where(members.c.name == name))
            connection.execute(
                insert(members).values(name=name, role="host-admin", password=hashed)
            )
        return Member(name, "host-admin")

    def check(self, name: str, password: str) -> Member | None:
        """The member with this name and password; an unknown name takes as long as a wrong one."""
        with self._engine.connect() as connection:
            found = connection.execute(select(members).where(members.c.name == name)).first()
        hashed = found.password if found is not None else _nobody()
        with self._hashing:
            try:
                self._hasher.verify(hashed, password)
            except (VerifyMismatchError, InvalidHashError):
                return None
        return Member(found.name, found.role) if found is not None else None

    def change_password(self, name: str, password: str) -> None:
        """Replace the password and end every session of `name`."""
        hashed = self._hash(password)
        with writing(self._engine) as connection:
            connection.execute(
                update(members).where(members.c.name == name).values(password=hashed)
            )
            connection.execute(delete(sessions).where(sessions.c.member == name))

    def begin(self, member: Member) -> str:
        """Start a session; the answer is its token, of which only the hash is kept."""
        token = self._urandom(32).hex()
        now = int(self._now())
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.expires <= now))
            kept = (
                select(sessions.c.hash)
                .where(sessions.c.member == member.name)
                .order_by(sessions.c.expires.desc())
                .limit(LARGEST_SESSION_COUNT - 1)
            )
            connection.execute(
                delete(sessions).where(
                    sessions.c.member == member.name, sessions.c.hash.not_in(kept.scalar_subquery())
                )
            )
            connection.execute(
                insert(sessions).values(
                    hash=_digest(token), member=member.name, expires=now + SESSION_SECONDS
                )
            )
        return token

    def member_of(self, token: str) -> Member | None:
        """Whose session this is; None when it ended, expired or never was."""
        with self._engine.connect() as connection:
            found = connection.execute(
                select(members.c.name, members.c.role)
                .join(sessions, sessions.c.member == members.c.name)
                .where(sessions.c.hash == _digest(token), sessions.c.expires > int(self._now()))
            ).first()
        return Member(found.name, found.role) if found is not None else None

    def end(self, token: str) -> None:
        """End one session."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.hash == _digest(token)))

    def end_all(self, name: str) -> None:
        """End every session of a member, on every machine they are signed in on."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.member == name))

    def _hash(self, password: str) -> str:
        with self._hashing:
            return self._hasher.hash(password)


def password_problem(password: str, name: str) -> str | None:
    """What to do about a password that cannot be used; None when it can."""
    if len(password) < SHORTEST_PASSWORD:
        return f"Use at least {SHORTEST_PASSWORD} characters. A few words make a good one."
    if len(password) > LONGEST_PASSWORD:
        return f"Use at most {LONGEST_PASSWORD} characters."
    if len(set(password)) < 5 or password.casefold() in (name.casefold() * 5)[: len(password)]:
        return "Use something harder to guess: not one character repeated, and not your name."
    return None


@cache
def _nobody() -> str:
    """The hash that the password of an unknown name is compared with."""
    return PasswordHasher().hash(secrets.token_hex(16))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
