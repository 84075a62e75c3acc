"""What has happened at a site at least once: whoever sets it up is told, and nobody else.

milestone   one row a site, each flag set for good. So that a site was agreed to, and counted, at
            some time is all that it tells: an erasure or a closed period takes nothing back
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Boolean, Column, Engine, String, Table, insert, select, update

from askfirst_collector.ledger.tables import entry
from askfirst_collector.store.database import changing, metadata, reading
from askfirst_collector.store.disclosed import closing
from askfirst_collector.store.events import EventStore

milestone = Table(
    "milestone",
    metadata,
    Column("site", String, primary_key=True),
    Column("granted", Boolean, nullable=False),
    Column("counted", Boolean, nullable=False),
)


@dataclass(frozen=True)
class Milestones:
    """Whether anybody ever agreed, and whether a visit was ever counted."""

    granted: bool
    counted: bool


def milestones(engine: Engine, site: str, events: EventStore) -> Milestones:
    """What has happened so far; looks for what has not. Raises CollectorUnavailable."""
    known, granted, shown = _look(engine, site)
    if known.granted and known.counted:
        return known
    counted = shown or any(key.site == site for key in events.periods())
    current = Milestones(granted or counted, counted)
    if current != known:
        with changing(engine) as connection:
            values = {"granted": current.granted, "counted": current.counted}
            own = milestone.c.site == site
            if not connection.execute(update(milestone).where(own).values(values)).rowcount:
                connection.execute(insert(milestone).values(site=site, **values))
    return current


def _look(engine: Engine, site: str) -> tuple[Milestones, bool, bool]:
    """What is known, whether anybody agreed, and whether a closed period shows a visitor."""
    with reading(engine) as connection:
        row = connection.execute(select(milestone).where(milestone.c.site == site)).first()
        known = Milestones(bool(row and row.granted), bool(row and row.counted))
        grants = select(entry.c.idx).where(entry.c.site == site).limit(1)
        granted = known.granted or connection.execute(grants).first() is not None
        shown = select(closing.c.id).where(closing.c.site == site, closing.c.visitors.is_not(None))
        counted = known.counted or connection.execute(shown.limit(1)).first() is not None
    return known, granted, counted
