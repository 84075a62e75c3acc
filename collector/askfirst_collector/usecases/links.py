"""The one-time link that lets whoever has the machine set a password."""

from __future__ import annotations

from askfirst_collector.members.members import Members
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services


def create_set_up_link(parts: Services, actor: Member) -> str:
    """A new token of the link, shown this once; every older unused one stops working."""
    return Members(parts.engine, now=parts.now, urandom=parts.urandom).new_link(actor)
