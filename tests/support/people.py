"""Members of a collector for tests."""

from __future__ import annotations

from askfirst_collector.ledger.changes import CLI
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import HOST_ADMIN, ON_THE_MACHINE, add_member, find_member
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing


def admin(parts: Services, name: str) -> Member:
    """The member of this name, made a host admin where there is none; whoever has the machine."""
    if name == CLI:
        return ON_THE_MACHINE
    with writing(parts.engine) as connection:
        member = find_member(connection, name)
        return member or add_member(connection, name, HOST_ADMIN, (), "")


def member(parts: Services, name: str, role: str, *sites: str) -> Member:
    """A new member of this name, with these sites."""
    with writing(parts.engine) as connection:
        return add_member(connection, name, role, sites, "")
