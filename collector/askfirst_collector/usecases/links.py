"""The one-time link that lets whoever has the machine set a password."""

from __future__ import annotations

from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import (
    HOST_ADMIN,
    ON_THE_MACHINE,
    add_member,
    drop_member,
    find_member,
    member_json,
    set_set_up_link,
    use_set_up_link,
)
from askfirst_collector.members.transaction import transaction, unchecked
from askfirst_collector.services import Services


def create_set_up_link(parts: Services, actor: Member) -> str:
    """A new token of the link, shown this once; every older unused one stops working."""
    token = parts.urandom(32).hex()
    with transaction(parts, actor, "member.change") as work:
        set_set_up_link(work.connection, token, work.now)
        after = {"works": "once, until another is made"}
        work.record("link.create", "host", before=None, after=after)
    return token


def set_up_admin(parts: Services, token: str, name: str, password: str) -> Member | None:
    """Use the link up and make `name` a host admin; None when the link was used already.

    Where `name` exists, its password is replaced, and its sessions and tokens end. Raises Refused
    where the name cannot be had.
    """
    hashed = parts.members.passwords.hash(password)
    with unchecked(parts, ON_THE_MACHINE) as work:
        if not use_set_up_link(work.connection, token):
            return None
        before = find_member(work.connection, name)
        if before is not None:
            drop_member(work.connection, name)
        member = add_member(work.connection, name, HOST_ADMIN, (), hashed)
        old = None if before is None else member_json(before)
        work.record("member.set-up", name, before=old, after=member_json(member))
    return member
