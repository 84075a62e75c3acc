"""Sites: a policy published, now or later, or dropped again; a limit; the end of a site."""

from __future__ import annotations

from askfirst.errors import Reason, Refused
from askfirst.terms.edition import Editions
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue import site_changes
from askfirst_collector.catalogue.editions import load_editions
from askfirst_collector.catalogue.site_changes import SiteChange
from askfirst_collector.catalogue.site_limits import LARGEST
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import Transaction, transaction
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
    with transaction(parts, actor, "site.change", policy.site) as work:
        change = site_changes.publish(
            work.connection,
            parts.revocations,
            policy,
            parts.host.current().policy,
            work.now,
            actor=actor.name,
            effective=effective,
            expected=expected,
        )
        _record(work, policy.site, change)
        editions = load_editions(work.connection, policy.site)
    parts.keys.site(policy.site)
    return editions


def unschedule_policy(
    parts: Services, actor: Member, site: str, *, expected: str | None = None
) -> None:
    """Drop the policy that was to take effect later; harmless where there is none.

    `expected` is the hash of the one that was seen. Raises Refused `changed-meanwhile`.
    """
    with transaction(parts, actor, "site.change", site) as work:
        _record(work, site, site_changes.unschedule(work.connection, site, expected=expected))


def retire_site(parts: Services, actor: Member, site: str) -> None:
    """End a site for good; harmless where it has ended."""
    with transaction(parts, actor, "site.delete", site) as work:
        _record(work, site, site_changes.end(work.connection, site, work.now))


def limit_site(parts: Services, actor: Member, site: str, rows_a_day: int) -> None:
    """Let a site store this many rows a day. Raises Refused `no-such-site` and `bad-shape`."""
    if not 1 <= rows_a_day <= LARGEST:
        detail = f"write rows_a_day as a whole number from 1 to {LARGEST}"
        raise Refused(Reason.BAD_SHAPE, detail)
    with transaction(parts, actor, "site.limit", site) as work:
        _record(work, site, site_changes.limit(work.connection, site, rows_a_day))


def _record(work: Transaction, site: str, change: SiteChange | None) -> None:
    if change is not None:
        work.record(change.action, site, before=change.before, after=change.after)
