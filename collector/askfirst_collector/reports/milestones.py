"""What has happened at a site at least once: whoever sets it up is told, and nobody else.

milestone   one row a site, each flag set for good. So that a site was agreed to, and counted, at
            some time is all that it tells: an erasure or a closed period takes nothing back
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Boolean, Column, String, Table, insert, select, update

from askfirst_collector.closing.stores import Stores
from askfirst_collector.ledger.tables import entry
from askfirst_collector.store.database import metadata, writing
from askfirst_collector.store.disclosed import closing
from askfirst_collector.store.faults import unavailable

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


def milestones(stores: Stores, site: str) -> Milestones:
    """What has happened so far; looks for what has not. Raises CollectorUnavailable."""
    with unavailable("ledger"), stores.engine.connect() as connection:
        row = connection.execute(select(milestone).where(milestone.c.site == site)).first()
        known = Milestones(bool(row and row.granted), bool(row and row.counted))
        if known.granted and known.counted:
            return known
        grants = select(entry.c.idx).where(entry.c.site == site).limit(1)
        granted = known.granted or connection.execute(grants).first() is not None
        shown = select(closing.c.id).where(closing.c.site == site, closing.c.visitors.is_not(None))
        counted = known.counted or connection.execute(shown.limit(1)).first() is not None
    counted = counted or _any_of(site, (key.site for key in stores.events.periods()))
    current = Milestones(granted or counted, counted)
    if current != known:
        with unavailable("ledger"), writing(stores.engine) as connection:
            values = {"granted": current.granted, "counted": current.counted}
            own = milestone.c.site == site
            if not connection.execute(update(milestone).where(own).values(values)).rowcount:
                connection.execute(insert(milestone).values(site=site, **values))
    return current


def _any_of(site: str, sites: Iterable[str]) -> bool:
    return any(name == site for name in sites)
