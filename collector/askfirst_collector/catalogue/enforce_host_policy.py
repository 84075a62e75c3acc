"""A host policy held against everything below it: whom it stops, and who may go on (M33)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from askfirst.errors import CollectorUnavailable, PolicyError, Problem
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.activate import chain_conflicts, enforce_on_placed
from askfirst_collector.catalogue.chain_conflicts import conflicts
from askfirst_collector.catalogue.editions import edition, load_editions
from askfirst_collector.catalogue.placed import load_placed
from askfirst_collector.catalogue.retired import is_retired
from askfirst_collector.catalogue.suspensions import lift, suspend_site, why
from askfirst_collector.store.database import reading
from askfirst_collector.store.revocations import Revocations

log = logging.getLogger("askfirst.collector")


@dataclass(frozen=True)
class Affected:
    """One site, or one placed collector, against a host policy: its conflicts, and how it stood."""

    site: str
    collector: str  # "" for the site itself
    owner: str  # the member who owns a collector; "" for a site
    problems: tuple[Problem, ...]
    stopped: bool  # by the chain of policies, before

    @property
    def stops(self) -> bool:
        """Whether this host policy is what stops it."""
        return bool(self.problems) and not self.stopped

    @property
    def resumes(self) -> bool:
        """Whether it was stopped, and lies within this host policy."""
        return self.stopped and not self.problems


def affected_by(engine: Engine, host: Policy) -> tuple[Affected, ...]:
    """Every site that stands, and its collectors that stand or were stopped by the chain."""
    with reading(engine) as connection:
        return tuple(
            change
            for site, policy in _standing(connection)
            for change in _held(connection, site, policy, host)
        )


def enforce_host_policy(
    connection: Connection, revocations: Revocations, host: Policy, now: float
) -> tuple[Affected, ...]:
    """Stop what goes beyond a host policy, let go on what was stopped and fits; which those were.

    Inside the write transaction that publishes the host policy.
    """
    changed: list[Affected] = []
    for site, policy in _standing(connection):
        changes = _held(connection, site, policy, host)
        try:
            with connection.begin_nested():
                own = changes[0]
                if own.problems:
                    suspend_site(connection, site, own.problems, now=now)
                else:
                    lift(connection, site)
                settled = enforce_on_placed(connection, revocations, policy, host, now)
        except PolicyError:
            # What would go on does not fit beside what was placed meanwhile: all stays as it was.
            log.error("askfirst.E122 the collectors of site %s cannot go on together", site)
            continue
        going = {"", *(collector.name for collector in settled if collector.state == "active")}
        changed += [
            change
            for change in changes
            if change.stops or (change.resumes and change.collector in going)
        ]
    return tuple(changed)


def _standing(connection: Connection) -> Iterator[tuple[str, Policy]]:
    names = connection.execute(select(edition.c.site).distinct().order_by(edition.c.site))
    for site in names.scalars().all():
        if is_retired(connection, site):
            continue
        try:
            yield site, load_editions(connection, site).current.policy
        except CollectorUnavailable:
            # It gathers nothing either: whoever asks for this site meets the same.
            log.error("askfirst.E123 site %s cannot be held against the host policy", site)


def _held(connection: Connection, site: str, policy: Policy, host: Policy) -> list[Affected]:
    stopped = bool(why(connection, site))
    changes = [Affected(site, "", "", conflicts(policy, host), stopped)]
    for collector in load_placed(connection, site):
        stopped = collector.state == "suspended" and collector.by_chain
        if stopped or collector.state == "active":
            problems = chain_conflicts(collector.placed, policy, host)
            changes.append(Affected(site, collector.name, collector.owner, problems, stopped))
    return changes
