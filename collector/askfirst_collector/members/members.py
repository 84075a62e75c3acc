"""Members: who they are, and whether whoever comes in is one of them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, func, select

from askfirst_collector.members.identities import Identities
from askfirst_collector.members.invitations import Invitations
from askfirst_collector.members.passwords import Passwords
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import all_members, digest, find_member
from askfirst_collector.members.sessions import Sessions
from askfirst_collector.members.tables import members, setup_links
from askfirst_collector.members.tokens import Tokens
from askfirst_collector.store.database import reading


class Members:
    """Everybody who may come in, in `ledger.db`; safe in any thread and in any worker.

    What changes them is in `usecases`.
    """

    def __init__(
        self, engine: Engine, *, now: Callable[[], float], urandom: Callable[[int], bytes]
    ) -> None:
        self._engine = engine
        self.passwords = Passwords()
        self.sessions = Sessions(engine, now=now, urandom=urandom)
        self.tokens = Tokens(engine, now=now)
        self.invitations = Invitations(engine, now=now)
        self.identities = Identities(engine)

    def any(self) -> bool:
        """Whether anyone has set a password yet."""
        with reading(self._engine) as connection:
            return bool(connection.execute(select(func.count()).select_from(members)).scalar_one())

    def all(self) -> tuple[Member, ...]:
        """Every member, by name."""
        with reading(self._engine) as connection:
            return all_members(connection)

    def get(self, name: str) -> Member | None:
        """A member as they stand now."""
        with reading(self._engine) as connection:
            return find_member(connection, name)

    def link_works(self, token: str) -> bool:
        """Whether `token` is the unused one. Looking does not use it."""
        with reading(self._engine) as connection:
            row = connection.execute(
                select(setup_links.c.hash).where(setup_links.c.hash == digest(token))
            )
            return row.first() is not None

    def check(self, name: str, password: str) -> Member | None:
        """The member with this name and password; an unknown name takes as long as a wrong one."""
        account = self.checked(name, password)
        return account[0] if account is not None else None

    def checked(self, name: str, password: str) -> tuple[Member, str] | None:
        """The same, with the hash that was checked: a session begins only while it is kept."""
        with reading(self._engine) as connection:
            query = select(members.c.password).where(members.c.name == name)
            password_hash: str | None = connection.execute(query).scalar()
        if not self.passwords.fits(password_hash, password) or password_hash is None:
            return None
        member = self.get(name)
        return (member, password_hash) if member is not None else None

    def has_password(self, name: str) -> bool:
        """Whether a member can come in by a password at all."""
        with reading(self._engine) as connection:
            query = select(members.c.password).where(members.c.name == name)
            return bool(connection.execute(query).scalar())
