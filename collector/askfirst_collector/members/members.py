"""Members: who they are, what their role is, and the one-time link that makes the first."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.placed import hand_over
from askfirst_collector.catalogue.webhook_queue import set_webhook
from askfirst_collector.ledger.changes import record_change
from askfirst_collector.members.identities import Identities
from askfirst_collector.members.invitations import Invitations
from askfirst_collector.members.passwords import Passwords
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import (
    HOST_ADMIN,
    ON_THE_MACHINE,
    add_member,
    check_actor,
    check_another_admin,
    check_role,
    digest,
    drop_member,
    end_access,
    find_member,
    member_json,
    set_sites,
)
from askfirst_collector.members.sessions import Sessions
from askfirst_collector.members.tables import changing, members, reading, setup_links
from askfirst_collector.members.tokens import Tokens


class Members:
    """Everybody who may come in, in `ledger.db`; safe in any thread and in any worker.

    Whatever changes something names its `actor`, is refused to whoever may not do it at that
    moment, and is in the ledger with before and after.
    """

    def __init__(
        self, engine: Engine, *, now: Callable[[], float], urandom: Callable[[int], bytes]
    ) -> None:
        self._engine = engine
        self._now = now
        self._urandom = urandom
        self._passwords = Passwords()
        self.sessions = Sessions(engine, now=now, urandom=urandom)
        self.tokens = Tokens(engine, now=now, urandom=urandom)
        self.invitations = Invitations(engine, self._passwords, now=now, urandom=urandom)
        self.identities = Identities(engine, self.invitations, now=now, urandom=urandom)

    def any(self) -> bool:
        """Whether anyone has set a password yet."""
        with reading(self._engine) as connection:
            return bool(connection.execute(select(func.count()).select_from(members)).scalar_one())

    def all(self) -> tuple[Member, ...]:
        """Every member, by name."""
        with reading(self._engine) as connection:
            names = connection.execute(select(members.c.name).order_by(members.c.name)).scalars()
            accounts = (find_member(connection, name) for name in names.all())
            return tuple(member for member in accounts if member is not None)

    def get(self, name: str) -> Member | None:
        """A member as they stand now."""
        with reading(self._engine) as connection:
            return find_member(connection, name)

    def new_link(self, actor: Member = ON_THE_MACHINE) -> str:
        """A new one-time token, as text; every older unused one stops working."""
        token = self._urandom(32).hex()
        with changing(self._engine) as connection:
            check_actor(connection, actor, "member.change")
            connection.execute(delete(setup_links))
            connection.execute(
                insert(setup_links).values(hash=digest(token), made=int(self._now()))
            )
            record_change(
                connection,
                actor=actor.name,
                action="link.create",
                target="host",
                before=None,
                after={"works": "once, until another is made"},
                now=self._now(),
                urandom=self._urandom,
            )
        return token

    def link_works(self, token: str) -> bool:
        """Whether `token` is the unused one. Looking does not use it."""
        with reading(self._engine) as connection:
            row = connection.execute(
                select(setup_links.c.hash).where(setup_links.c.hash == digest(token))
            )
            return row.first() is not None

    def set_up(self, token: str, name: str, password: str) -> Member | None:
        """Use the link up and make `name` a host admin; None when the link was used already.

        Where `name` exists, its password is replaced, and its sessions and tokens end.
        """
        hashed = self._passwords.hash(password)
        with changing(self._engine) as connection:
            used = connection.execute(
                delete(setup_links).where(setup_links.c.hash == digest(token))
            )
            if used.rowcount != 1:
                return None
            before = find_member(connection, name)
            if before is not None:
                drop_member(connection, name)
            member = add_member(connection, name, HOST_ADMIN, (), hashed)
            self._record(connection, ON_THE_MACHINE, "member.set-up", name, before, member)
        return member

    def check(self, name: str, password: str) -> Member | None:
        """The member with this name and password; an unknown name takes as long as a wrong one."""
        account = self.checked(name, password)
        return account[0] if account is not None else None

    def checked(self, name: str, password: str) -> tuple[Member, str] | None:
        """The same, with the hash that was checked: a session begins only while it is kept."""
        with reading(self._engine) as connection:
            query = select(members.c.password).where(members.c.name == name)
            password_hash: str | None = connection.execute(query).scalar()
        if not self._passwords.fits(password_hash, password) or password_hash is None:
            return None
        member = self.get(name)
        return (member, password_hash) if member is not None else None

    def has_password(self, name: str) -> bool:
        """Whether a member can come in by a password at all."""
        with reading(self._engine) as connection:
            query = select(members.c.password).where(members.c.name == name)
            return bool(connection.execute(query).scalar())

    def change_password(self, name: str, password: str) -> None:
        """Replace the password and end every session of `name`."""
        hashed = self._passwords.hash(password)
        with changing(self._engine) as connection:
            member = find_member(connection, name)
            if member is None:
                raise Refused(Reason.NO_SUCH_MEMBER, "sign in again")
            connection.execute(
                update(members).where(members.c.name == name).values(password=hashed)
            )
            end_access(connection, name, tokens=False)
            self._record(connection, member, "account.password", name, None, None)

    def change(self, actor: Member, name: str, role: str, sites: Collection[str]) -> Member:
        """Give a member another role and these sites; it counts from their next request on.

        Raises Refused: not allowed, no such member, the last host admin.
        """
        check_role(role, sites)
        with changing(self._engine) as connection:
            check_actor(connection, actor, "member.change")
            before = _known(connection, name)
            if before.role == HOST_ADMIN != role:
                check_another_admin(connection, name)
            connection.execute(update(members).where(members.c.name == name).values(role=role))
            after = Member(name, role, set_sites(connection, name, role, sites))
            if before.role == HOST_ADMIN != role:
                self.invitations.end_those_of(connection, actor, name)
            if after != before:
                self._record(connection, actor, "member.change", name, before, after)
        return after

    def remove(self, actor: Member, name: str) -> None:
        """Remove a member: sessions and tokens end with them. Raises Refused as `change` does.

        Their placed collectors are the actor's from now on: the next one of their name is another.
        """
        with changing(self._engine) as connection:
            check_actor(connection, actor, "member.change")
            before = _known(connection, name)
            if before.role == HOST_ADMIN:
                check_another_admin(connection, name)
            drop_member(connection, name)
            self._record(connection, actor, "member.remove", name, before, None)
            self._hand_over(connection, actor, name)
            self.invitations.end_those_of(connection, actor, name)

    def _hand_over(self, connection: Connection, actor: Member, name: str) -> None:
        to = ON_THE_MACHINE.name if actor.name == name else actor.name
        for site, collector in hand_over(connection, name, to):
            set_webhook(connection, site, collector, None, urandom=self._urandom)
            record_change(
                connection,
                actor=actor.name,
                action="collector.change",
                target=collector,
                before={"owner": name},
                after={"owner": to},
                now=self._now(),
                urandom=self._urandom,
                site=site,
            )

    def _record(
        self,
        connection: Connection,
        actor: Member,
        action: str,
        name: str,
        before: Member | None,
        after: Member | None,
    ) -> None:
        changed: dict[str, Any] = {
            "before": member_json(before) if before is not None else None,
            "after": member_json(after) if after is not None else None,
        }
        record_change(
            connection,
            actor=actor.name,
            action=action,
            target=name,
            now=self._now(),
            urandom=self._urandom,
            **changed,
        )


def _known(connection: Connection, name: str) -> Member:
    member = find_member(connection, name)
    if member is None:
        raise Refused(Reason.NO_SUCH_MEMBER, "see the list of members")
    return member
