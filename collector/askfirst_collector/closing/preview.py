"""What a ceiling would do before it is saved: whom it stops, who goes on, what is purged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from askfirst.terms.policy import Policy
from askfirst_collector.parts import Parts
from askfirst_collector.registry.tightening import Held, held_against
from askfirst_collector.store.faults import away

from . import disclosed
from .allowed import Subject, allowed_now


@dataclass(frozen=True)
class Purge:
    """What the next run of the retention job would remove that it would not remove now."""

    site: str
    collector: str  # "" for the site itself
    purpose: str
    periods: int  # with their disclosed tables
    rows: int  # kept after their periods closed


@dataclass(frozen=True)
class Preview:
    """What would change; nothing of it has."""

    suspends: tuple[Held, ...]
    resumes: tuple[Held, ...]
    purges: tuple[Purge, ...]


def preview(parts: Parts, policy: Policy) -> Preview:
    """Hold everything against a ceiling as saving it would; nothing is written.

    Raises CollectorAway.
    """
    with away("ledger"), parts.engine.connect() as connection:
        held = held_against(connection, policy)
    return Preview(
        tuple(each for each in held if each.stops),
        tuple(each for each in held if each.resumes),
        _purges(parts, policy),
    )


def _purges(parts: Parts, policy: Policy) -> tuple[Purge, ...]:
    before = _over(parts, parts.host.current().policy)
    periods, rows = (
        after - now for after, now in zip(_over(parts, policy), before, strict=True)
    )  # what goes anyway is not this ceiling's doing
    return tuple(
        Purge(*subject, periods[subject], rows[subject]) for subject in sorted(periods | rows)
    )


def _over(parts: Parts, policy: Policy | None) -> tuple[Counter[Subject], Counter[Subject]]:
    now, allowed = parts.now(), allowed_now(parts, policy)
    tables = {subject: days.tables for subject, days in allowed.items()}
    with away("ledger"), parts.engine.connect() as connection:
        periods = Counter(subject for _, subject in disclosed.over(connection, now, tables))
    rows = {subject: days.rows for subject, days in allowed.items()}
    return periods, Counter(parts.events.count_expired(now, rows))
