"""Sites: a policy published, now or later, or dropped again; a limit; the end of a site."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from askfirst.terms.edition import Editions
from askfirst.terms.policy import Policy
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import check_actor
from askfirst_collector.services import Services


def publish_policy(
    parts: Services,
    actor: Member,
    policy: Policy,
    *,
    effective: int | None = None,
    expected: int | None = None,
) -> Editions:
    """Publish a policy as the next edition of its site; one of a new name is a new site.

    `effective` (unix seconds) is a time to come, `expected` the number of the edition that was
    edited, 0 for none. Raises PolicyError, Refused `changed-meanwhile` and `site-retired`.
    """
    editions = parts.registry.publish(
        policy,
        actor=actor.name,
        effective=effective,
        expected=expected,
        authorize=_check(actor, "site.change", policy.site),
    )
    parts.keys.site(policy.site)
    return editions


def unschedule_policy(
    parts: Services, actor: Member, site: str, *, expected: str | None = None
) -> None:
    """Drop the policy that was to take effect later; harmless where there is none.

    `expected` is the hash of the one that was seen. Raises Refused `changed-meanwhile`.
    """
    authorize = _check(actor, "site.change", site)
    parts.registry.unschedule(site, actor=actor.name, expected=expected, authorize=authorize)


def retire_site(parts: Services, actor: Member, site: str) -> None:
    """End a site for good; harmless where it has ended."""
    parts.registry.retire(site, actor=actor.name, authorize=_check(actor, "site.delete", site))


def limit_site(parts: Services, actor: Member, site: str, rows_a_day: int) -> None:
    """Let a site store this many rows a day. Raises Refused `no-such-site` and `bad-shape`."""
    authorize = _check(actor, "site.limit", site)
    parts.registry.limit(site, rows_a_day, actor=actor.name, authorize=authorize)


def _check(actor: Member, action: str, site: str) -> Callable[[Connection], None]:
    return lambda connection: check_actor(connection, actor, action, site)
