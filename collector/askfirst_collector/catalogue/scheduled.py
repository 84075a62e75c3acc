"""Policies that take effect later: one a site, kept until its time has come.

It becomes an edition, with its number, by whoever looks at the site first after that time. Where
the host policy does not allow it any more by then, it stays here with the conflicts.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from askfirst.errors import Problem
from askfirst.terms.canonical import canonical
from askfirst.terms.edition import Edition
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.catalogue.notice_archive import keep_words
from askfirst_collector.catalogue.placed import by_conflicts
from askfirst_collector.catalogue.unreadable import Unreadable, unreadable
from askfirst_collector.store.database import metadata

scheduled = Table(
    "scheduled",
    metadata,
    Column("site", String, primary_key=True),
    Column("effective", Integer, nullable=False),  # unix seconds
    Column("document", LargeBinary, nullable=False),  # canonical JSON
    Column("actor", String),
    Column("refused", LargeBinary),  # canonical JSON: why it did not take effect
)


@dataclass(frozen=True)
class Scheduled:
    """A policy that waits; `refused` lists the conflicts that kept it from taking effect."""

    site: str
    effective: int  # unix seconds
    policy: Policy
    actor: str | None
    refused: tuple[dict[str, Any], ...] = ()

    def due(self, now: float) -> bool:
        """Whether it is to take effect now."""
        return not self.refused and now >= self.effective


def schedule(connection: Connection, entry: Scheduled) -> None:
    """Keep a policy for later, in the place of what was kept; its words are archived at once."""
    connection.execute(delete(scheduled).where(scheduled.c.site == entry.site))
    connection.execute(
        insert(scheduled).values(
            site=entry.site,
            effective=entry.effective,
            document=entry.policy.canonical(),
            actor=entry.actor,
        )
    )
    for language in entry.policy.languages:
        coming = Edition(0, entry.policy.hash, entry.effective, entry.policy)
        keep_words(connection, coming, language)


def load_scheduled(connection: Connection, site: str) -> Scheduled | None:
    """What waits for a site; None also where that cannot be read any more."""
    return load_all_scheduled(connection, [site]).get(site)


def load_all_scheduled(connection: Connection, sites: Collection[str]) -> dict[str, Scheduled]:
    """What waits for each of these sites; nothing where that cannot be read any more."""
    rows = connection.execute(select(scheduled).where(scheduled.c.site.in_(sites))).all()
    waiting = ((row.site, _read(row)) for row in rows)
    return {site: entry for site, entry in waiting if entry is not None}


def _read(row: Row[Any]) -> Scheduled | None:
    with suppress(Unreadable), unreadable("E125", "the policy for later", row.site):
        refused = () if row.refused is None else tuple(json.loads(row.refused)["conflicts"])
        policy = read_policy(row.document, archived=True)
        return Scheduled(row.site, row.effective, policy, row.actor, refused)
    return None


def due_at(connection: Connection, site: str) -> int | None:
    """When what waits takes effect, in unix seconds; None where nothing does."""
    query = select(scheduled.c.effective).where(
        scheduled.c.site == site, scheduled.c.refused.is_(None)
    )
    moment: int | None = connection.execute(query).scalar()
    return moment


def unschedule(connection: Connection, site: str, *, problems: tuple[Problem, ...] = ()) -> None:
    """Let nothing wait any more; with problems it stays, for its owner to see."""
    own = scheduled.c.site == site
    if problems:
        refused = canonical(by_conflicts(problems))
        connection.execute(update(scheduled).where(own).values(refused=refused))
    else:
        connection.execute(delete(scheduled).where(own))
