"""What members, invitations, sessions and tokens do to the same rows, inside a transaction."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from askfirst.errors import Reason, Refused
from askfirst.terms.reading import NAME
from askfirst_collector.ledger.changes import CLI
from askfirst_collector.members.permissions import ROLES, Member, may
from askfirst_collector.members.tables import (
    api_token,
    identity,
    invitation,
    member_site,
    members,
    session,
    setup_links,
)

LONGEST_NAME = 80  # characters
HOST_ADMIN = "host-admin"
ON_THE_MACHINE = Member(CLI, HOST_ADMIN)  # whoever runs a command there


def find_member(connection: Connection, name: str) -> Member | None:
    """A member as they stand now."""
    query = select(members.c.name, members.c.role).where(members.c.name == name)
    row = connection.execute(query).first()
    if row is None:
        return None
    return Member(row.name, row.role, sites_of(connection, name))


def all_members(connection: Connection) -> tuple[Member, ...]:
    """Every member as they stand now, by name."""
    sites: defaultdict[str, set[str]] = defaultdict(set)
    for row in connection.execute(select(member_site.c.member, member_site.c.site)):
        sites[row.member].add(row.site)
    query = select(members.c.name, members.c.role).order_by(members.c.name)
    rows = connection.execute(query).all()
    return tuple(Member(row.name, row.role, frozenset(sites[row.name])) for row in rows)


def sites_of(connection: Connection, name: str) -> frozenset[str]:
    """The sites a member has."""
    query = select(member_site.c.site).where(member_site.c.member == name)
    return frozenset(connection.execute(query).scalars())


def add_member(
    connection: Connection, name: str, role: str, sites: Collection[str], password: str
) -> Member:
    """Make a member; Refused where somebody has that name, in whichever case."""
    check_name(connection, name)
    connection.execute(insert(members).values(name=name, role=role, password=password))
    return Member(name, role, set_sites(connection, name, role, sites))


def known_member(connection: Connection, name: str) -> Member:
    """A member as they stand now; Refused where there is none of this name."""
    member = find_member(connection, name)
    if member is None:
        raise Refused(Reason.NO_SUCH_MEMBER, "see the list of members")
    return member


def set_role(connection: Connection, name: str, role: str, sites: Collection[str]) -> Member:
    """Give a member this role and exactly these sites."""
    connection.execute(update(members).where(members.c.name == name).values(role=role))
    return Member(name, role, set_sites(connection, name, role, sites))


def set_password(connection: Connection, name: str, password: str) -> None:
    """Give a member another password, as its Argon2id hash."""
    connection.execute(update(members).where(members.c.name == name).values(password=password))


def set_sites(
    connection: Connection, name: str, role: str, sites: Collection[str]
) -> frozenset[str]:
    """Give a member exactly these sites; a host admin has every site, and none by name."""
    site_names = frozenset() if role == HOST_ADMIN else frozenset(sites)
    connection.execute(delete(member_site).where(member_site.c.member == name))
    for site in sorted(site_names):
        connection.execute(insert(member_site).values(member=name, site=site))
    return site_names


def end_access(connection: Connection, name: str, *, tokens: bool) -> None:
    """End every session of a member, and with `tokens` every API token."""
    connection.execute(delete(session).where(session.c.member == name))
    if tokens:
        connection.execute(delete(api_token).where(api_token.c.member == name))


def drop_member(connection: Connection, name: str) -> None:
    """Remove a member and everything by which they came in."""
    end_access(connection, name, tokens=True)
    connection.execute(delete(identity).where(identity.c.member == name))
    connection.execute(delete(member_site).where(member_site.c.member == name))
    connection.execute(delete(members).where(members.c.name == name))


def check_actor(
    connection: Connection,
    actor: Member,
    action: str,
    site: str | None = None,
    *,
    owner: str | None = None,
) -> None:
    """Refused unless `actor` may do this now: what was true when the request came may be over."""
    if not is_allowed(connection, actor, action, site, owner=owner):
        raise Refused(Reason.NOT_ALLOWED, "ask a host admin for it")


def is_allowed(
    connection: Connection,
    actor: Member,
    action: str,
    site: str | None = None,
    *,
    owner: str | None = None,
) -> bool:
    """Whether `actor` may do this, as they stand in this transaction."""
    if actor is ON_THE_MACHINE:
        return True
    member = find_member(connection, actor.name)
    present = replace(member, scopes=actor.scopes) if member is not None else None
    return present is not None and may(present, action, site, owner=owner)


def set_set_up_link(connection: Connection, token: str, now: float) -> None:
    """Keep this one-time link; every older unused one stops working."""
    connection.execute(delete(setup_links))
    connection.execute(insert(setup_links).values(hash=digest(token), made=int(now)))


def use_set_up_link(connection: Connection, token: str) -> bool:
    """Use the one-time link up; whether it was there."""
    used = connection.execute(delete(setup_links).where(setup_links.c.hash == digest(token)))
    return used.rowcount == 1


def check_another_admin(connection: Connection, name: str) -> None:
    """Refused where `name` is the last host admin."""
    others = select(func.count()).select_from(members)
    others = others.where(members.c.role == HOST_ADMIN, members.c.name != name)
    if not connection.execute(others).scalar_one():
        raise Refused(Reason.LAST_HOST_ADMIN, "make somebody else a host admin first")


def check_role(role: str, sites: Collection[str]) -> None:
    """Refused where the role is unknown, or a site's name cannot be one."""
    if role not in ROLES:
        raise Refused(Reason.BAD_SHAPE, f"choose a role: {', '.join(ROLES)}")
    if len(sites) > 1000 or not all(NAME.fullmatch(site) for site in sites):
        raise Refused(Reason.BAD_SHAPE, "name sites as their policies do: [a-z][a-z0-9_-]*")


def check_name(connection: Connection, name: str) -> None:
    """Refused where a name cannot be used, or is somebody's in whichever case."""
    problem = name_problem(name)
    if problem is not None:
        raise Refused(Reason.BAD_SHAPE, problem.rstrip("."))
    if is_taken(connection, name):
        raise Refused(Reason.NAME_TAKEN, "choose another name: somebody has this one")


def is_taken(connection: Connection, name: str) -> bool:
    """Whether somebody has this name, in whichever case."""
    known = connection.execute(select(members.c.name)).scalars()
    return _folded(name) in {_folded(other) for other in known}


def name_problem(name: str) -> str | None:
    """What to do about a name that nobody may have; None when it can be used."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        return f"Give a name of 1 to {LONGEST_NAME} characters to sign in with."
    if "/" in _folded(name) or name in (".", ".."):
        return "Leave / out: the name stands in addresses."
    if _folded(name) == CLI:
        return f"Choose another name: the audit calls commands on the machine itself {CLI!r}."
    return None


def drop_expired(connection: Connection, now: float) -> int:
    """Remove invitations, sessions and tokens whose time is over, addresses among them."""
    tables = (invitation, session, api_token)
    over = (delete(table).where(table.c.expires <= int(now)) for table in tables)
    return sum(connection.execute(statement).rowcount for statement in over)


def member_json(member: Member) -> dict[str, Any]:
    """A member in an entry of the audit."""
    return {"role": member.role, "sites": sorted(member.sites)}


def digest(token: str) -> bytes:
    """The hash that is kept of a token; it holds 256 random bits, so a plain one is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
