"""A ceiling held against everything below it: whom it stops, and who may go on (M33)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from askfirst.errors import CollectorAway, PolicyError, Problem
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.activate import chain_conflicts, settle_placed
from askfirst_collector.catalogue.chain_conflicts import conflicts
from askfirst_collector.catalogue.editions import edition, load_editions
from askfirst_collector.catalogue.placed import load_placed
from askfirst_collector.catalogue.retired import is_retired
from askfirst_collector.catalogue.suspensions import lift, suspend_site, why

log = logging.getLogger("askfirst.collector")


@dataclass(frozen=True)
class Held:
    """One site, or one placed collector, against a ceiling: its conflicts, and how it stood."""

    site: str
    collector: str  # "" for the site itself
    owner: str  # the member who owns a collector; "" for a site
    problems: tuple[Problem, ...]
    stopped: bool  # by the chain of policies, before

    @property
    def stops(self) -> bool:
        """Whether this ceiling is what stops it."""
        return bool(self.problems) and not self.stopped

    @property
    def resumes(self) -> bool:
        """Whether it was stopped, and lies within this ceiling."""
        return self.stopped and not self.problems


def held_against(connection: Connection, host: Policy) -> tuple[Held, ...]:
    """Every site that stands, and its collectors that stand or were stopped by the chain."""
    return tuple(
        change
        for site, policy in _standing(connection)
        for change in _held(connection, site, policy, host)
    )


def settle(connection: Connection, host: Policy, now: float) -> tuple[Held, ...]:
    """Stop what goes beyond a ceiling and let go on what was stopped and fits; which those were.

    Inside the write transaction that puts the ceiling in force.
    """
    changed: list[Held] = []
    for site, policy in _standing(connection):
        changes = _held(connection, site, policy, host)
        try:
            with connection.begin_nested():
                own = changes[0]
                if own.problems:
                    suspend_site(connection, site, own.problems, now=now)
                else:
                    lift(connection, site)
                settled = settle_placed(connection, policy, host, now)
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
        except CollectorAway:
            # It gathers nothing either: whoever asks for this site meets the same.
            log.error("askfirst.E123 site %s cannot be held against the ceiling", site)


def _held(connection: Connection, site: str, policy: Policy, host: Policy) -> list[Held]:
    stopped = bool(why(connection, site))
    changes = [Held(site, "", "", conflicts(policy, host), stopped)]
    for collector in load_placed(connection, site):
        stopped = collector.state == "suspended" and collector.by_chain
        if stopped or collector.state == "active":
            problems = chain_conflicts(collector.placed, policy, host)
            changes.append(Held(site, collector.name, collector.owner, problems, stopped))
    return changes
