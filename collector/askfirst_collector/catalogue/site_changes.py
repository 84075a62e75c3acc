"""What changes a site: a policy published, now or later, or dropped again; a limit; its end.

Everything here runs inside the write transaction of whoever changes something, and says what the
audit has to say of it. None is: nothing changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from askfirst.errors import PolicyError, Problem, Reason, Refused
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue import scheduled as schedules
from askfirst_collector.catalogue import site_limits
from askfirst_collector.catalogue.activate import enforce_on_placed, move_revision
from askfirst_collector.catalogue.chain_conflicts import conflicts
from askfirst_collector.catalogue.editions import as_change, load_editions
from askfirst_collector.catalogue.retired import is_retired, retire
from askfirst_collector.catalogue.scheduled import Scheduled, due_at, load_scheduled, schedule
from askfirst_collector.catalogue.suspensions import lift, why
from askfirst_collector.ledger.entries import timestamp
from askfirst_collector.store.revocations import Revocations


@dataclass(frozen=True)
class SiteChange:
    """What happened to a site, for the audit."""

    action: str
    before: object
    after: object


def publish(
    connection: Connection,
    revocations: Revocations,
    policy: Policy,
    host: Policy | None,
    now: float,
    *,
    actor: str | None = None,
    effective: int | None = None,
    expected: int | None = None,
) -> SiteChange | None:
    """Make a policy the current edition of its site; one that is current already stays so.

    With `effective` (unix seconds, later than now) it is kept until then, under the member whose
    change it is, and replaces what was kept before. `expected` is the number of the edition that
    was edited, 0 where there was none. Raises PolicyError, with every conflict, where the policy
    goes beyond the host's (M31), and Refused `changed-meanwhile`, and for a site that was retired.
    """
    before = load_editions(connection, policy.site)
    current = before.current if before else None
    if is_retired(connection, policy.site):
        raise Refused(Reason.SITE_RETIRED, "choose another name: this site was retired")
    number = current.number if current is not None else 0
    if expected is not None and expected != number:
        detail = f"edition {number} took effect meanwhile: look at it, then publish again"
        raise Refused(Reason.CHANGED_MEANWHILE, detail)
    unchanged = current is not None and current.policy.hash == policy.hash
    if unchanged and effective is None and not why(connection, policy.site):
        return None
    problems = (*conflicts(policy, host), *_effective_problems(effective, now))
    if problems or host is None:
        raise PolicyError(problems)
    old = None if current is None else as_change(current)
    if effective is not None:
        schedule(connection, Scheduled(policy.site, effective, policy, actor))
        move_revision(connection)
        planned = {"policy": policy.hash, "effective": timestamp(effective)}
        return SiteChange("site.schedule", old, planned)
    lift(connection, policy.site)
    enforce_on_placed(connection, revocations, policy, host, now)
    move_revision(connection)
    return SiteChange(
        "site.publish", old, as_change(load_editions(connection, policy.site).current)
    )


def publish_scheduled(
    connection: Connection, revocations: Revocations, site: str, host: Policy | None, now: float
) -> tuple[Scheduled, SiteChange] | None:
    """Publish what is due at a site. Where it cannot be, it is never tried again."""
    scheduled = load_scheduled(connection, site)
    if host is None or due_at(connection, site) is None:
        return None
    if scheduled is None:
        # Damaged. Who scheduled it may do so again, and meanwhile the site goes on.
        schedules.unschedule(connection, site)
        move_revision(connection)
        return None
    if not scheduled.due(now):
        return None
    before = load_editions(connection, site)
    problems = conflicts(scheduled.policy, host)
    if not problems:
        try:
            with connection.begin_nested():
                lift(connection, site)
                enforce_on_placed(connection, revocations, scheduled.policy, host, now)
        except PolicyError as error:
            problems = error.problems
    # With problems it is kept, so that its owner is told why.
    schedules.unschedule(connection, site, problems=problems)
    move_revision(connection)
    if problems:
        pointers = {"conflicts": [problem.pointer for problem in problems]}
        return scheduled, SiteChange("site.refuse", _intended(scheduled), pointers)
    old = as_change(before.current) if before else None
    new = as_change(load_editions(connection, site).current)
    return scheduled, SiteChange("site.publish", old, new)


def unschedule(connection: Connection, site: str, *, expected: str | None) -> SiteChange | None:
    """Drop the policy that was to take effect later.

    `expected` is the hash of the one that was seen; Refused `changed-meanwhile` for another.
    """
    scheduled = load_scheduled(connection, site)
    digest = None if scheduled is None else scheduled.policy.hash
    if expected not in (None, digest):
        raise Refused(
            Reason.CHANGED_MEANWHILE, "another policy waits by now, or none: read it again"
        )
    if scheduled is None:
        return None
    schedules.unschedule(connection, site)
    move_revision(connection)
    return SiteChange("site.unschedule", _intended(scheduled), None)


def end(connection: Connection, site: str, now: float) -> SiteChange | None:
    """End a site for good: nothing is gathered any more, what was closes and runs out."""
    if is_retired(connection, site) or not load_editions(connection, site):
        return None
    retire(connection, site, now)
    schedules.unschedule(connection, site)
    move_revision(connection)
    return SiteChange("site.delete", {"state": "active"}, {"state": "retired"})


def limit(connection: Connection, site: str, rows_a_day: int) -> SiteChange:
    """Let a site store this many rows a day; Refused for a site that published nothing."""
    if not load_editions(connection, site):
        raise Refused(Reason.NO_SUCH_SITE, "name a site that has published a policy")
    before = site_limits.rows_a_day(connection, site)
    site_limits.set_rows_a_day(connection, site, rows_a_day)
    move_revision(connection)
    return SiteChange("site.limit", {"rows_a_day": before}, {"rows_a_day": rows_a_day})


def _intended(scheduled: Scheduled) -> dict[str, str]:
    return {"policy": scheduled.policy.hash, "effective": timestamp(scheduled.effective)}


def _effective_problems(effective: int | None, now: float) -> tuple[Problem, ...]:
    if effective is None or effective > now:
        return ()
    message = "write a time to come, or leave it out: editions do not go back in time"
    return (Problem("/effective", effective, message),)
