"""Members: another role, other sites, or an end."""

from __future__ import annotations

from collections.abc import Collection

from askfirst_collector.catalogue.placed import hand_over
from askfirst_collector.catalogue.subscriptions import drop_subscriptions_of
from askfirst_collector.catalogue.webhook_queue import drop_webhook
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import (
    HOST_ADMIN,
    ON_THE_MACHINE,
    check_another_admin,
    check_role,
    drop_member,
    known_member,
    member_json,
    set_role,
)
from askfirst_collector.members.transaction import Transaction, transaction
from askfirst_collector.services import Services
from askfirst_collector.usecases.invitations import end_invitations_of


def change_member(
    parts: Services, actor: Member, name: str, role: str, sites: Collection[str]
) -> Member:
    """Give a member another role and these sites; it counts from their next request on.

    Raises Refused: not allowed, no such member, the last host admin.
    """
    check_role(role, sites)
    with transaction(parts, actor, "member.change") as work:
        before = known_member(work.connection, name)
        demoted = before.role == HOST_ADMIN != role
        if demoted:
            check_another_admin(work.connection, name)
        after = set_role(work.connection, name, role, sites)
        if demoted:
            end_invitations_of(work, name)
        if after != before:
            old, new = member_json(before), member_json(after)
            work.record("member.change", name, before=old, after=new)
    return after


def remove_member(parts: Services, actor: Member, name: str) -> None:
    """Remove a member: sessions and tokens end with them. Raises Refused as `change_member` does.

    Their placed collectors are the actor's from now on: the next one of their name is another.
    """
    with transaction(parts, actor, "member.change") as work:
        before = known_member(work.connection, name)
        if before.role == HOST_ADMIN:
            check_another_admin(work.connection, name)
        drop_member(work.connection, name)
        drop_subscriptions_of(work.connection, name)
        work.record("member.remove", name, before=member_json(before), after=None)
        _hand_over(work, name)
        end_invitations_of(work, name)


def _hand_over(work: Transaction, name: str) -> None:
    to = ON_THE_MACHINE.name if work.actor.name == name else work.actor.name
    for site, collector in hand_over(work.connection, name, to):
        drop_webhook(work.connection, site, collector)
        old, new = {"owner": name}, {"owner": to}
        work.record("collector.change", collector, before=old, after=new, site=site)
