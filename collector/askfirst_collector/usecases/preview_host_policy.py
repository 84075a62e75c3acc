"""What a host policy would do before it is saved: whom it stops, who goes on, what is purged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from askfirst.errors import Problem
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.enforce_host_policy import Affected, affected_by
from askfirst_collector.catalogue.host_policy import newer_attributes
from askfirst_collector.closing.allowed import Days, allowed_now
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed import Subject, over


@dataclass(frozen=True)
class Purge:
    """What the next run of the retention job would remove that it would not remove now."""

    site: str
    collector: str  # "" for the site itself
    purpose: str
    periods: int  # with their disclosed tables
    # Whether rows may be kept that the host policy gives less time. By terms alone: a count of
    # rows, asked before and after an erasure, would tell how many one visitor had (M27).
    rows: bool


@dataclass(frozen=True)
class Preview:
    """What would change; nothing of it has."""

    suspends: tuple[Affected, ...]
    resumes: tuple[Affected, ...]
    purges: tuple[Purge, ...]
    proposals: tuple[Problem, ...]


def preview(parts: Services, policy: Policy) -> Preview:
    """Hold everything against a host policy as saving it would; nothing is written.

    Raises CollectorUnavailable.
    """
    changes = affected_by(parts.engine, policy)
    return Preview(
        tuple(change for change in changes if change.stops),
        tuple(change for change in changes if change.resumes),
        _purges(parts, policy),
        newer_attributes(policy),
    )


def _purges(parts: Services, policy: Policy) -> tuple[Purge, ...]:
    # What goes anyway is not this host policy's doing.
    now, then = (
        allowed_now(parts, host_policy) for host_policy in (parts.host.current().policy, policy)
    )
    periods = _over(parts, then) - _over(parts, now)
    rows = {
        subject
        for subject, days in then.items()
        if days.rows < min(days.declared, now[subject].rows if subject in now else days.declared)
    }
    return tuple(
        Purge(*subject, periods[subject], subject in rows) for subject in sorted({*periods, *rows})
    )


def _over(parts: Services, allowed: Mapping[Subject, Days]) -> Counter[Subject]:
    tables = {subject: days.tables for subject, days in allowed.items()}
    return Counter(over(parts.engine, parts.now(), tables, parts.registry.calendar))
