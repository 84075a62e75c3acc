"""The open period's one snapshot a site: roughly how many visitors and page views so far.

snapshot    one row a site; rounded down to a multiple of the cell size, made at most hourly,
            never lowered within its period: nobody sees one visitor come, or be erased
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Engine, Integer, String, Table, delete, insert, select

from askfirst.terms.terms import CLOSES
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.store.database import metadata, writing
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.faults import unavailable
from askfirst_collector.store.periods import end_of, period_of

from .calendar import asked
from .stores import Stores

HOUR = 3600  # seconds between two snapshots of a site

snapshot = Table(
    "snapshot",
    metadata,
    Column("site", String, primary_key=True),
    Column("closes", String, nullable=False),
    Column("period", String, nullable=False),
    Column("made", Integer, nullable=False),  # unix seconds
    Column("visitors", Integer, nullable=False),
    Column("views", Integer, nullable=False),
)


@dataclass(frozen=True)
class Snapshot:
    """At least so many, of the purpose that most agreed to; 0 says nothing at all."""

    closes: str
    period: str
    made: int  # unix seconds
    visitors: int
    views: int


def read_snapshot(engine: Engine, site: str, now: float) -> Snapshot | None:
    """The snapshot of a site's open period; None where none was made in it yet."""
    with unavailable("ledger"), engine.connect() as connection:
        snapshot = _read(connection, site)
    return None if snapshot is None or end_of(snapshot.closes, snapshot.period) <= now else snapshot


def take_snapshots(stores: Stores, now: float) -> None:
    """Make the snapshot of every site whose last one is an hour old."""
    for site in stores.registry.readable():
        take_snapshot(stores, site, now)


def take_snapshot(stores: Stores, site: Site, now: float) -> None:
    """Make the snapshot of a site, unless its last one is less than an hour old."""
    terms = {
        purpose: purpose_terms
        for purpose in site.editions.current.policy.purposes
        if (purpose_terms := asked(site, purpose)) is not None
    }
    if not terms:
        return
    closes = min((entry.closes for entry in terms.values()), key=CLOSES.index)
    period = period_of(closes, now)
    with unavailable("ledger"), stores.engine.connect() as connection:
        last = _read(connection, site.name)
    if last is not None and (last.closes, last.period) != (closes, period):
        last = None
    if last is not None and last.made <= now < last.made + HOUR:
        return
    size = max(entry.min_cell_size for entry in terms.values())
    counts = [
        stores.events.counts(PeriodKey(site.name, "", purpose, closes, period)) for purpose in terms
    ]
    best = max(counts, key=lambda entry: (entry.visitors, entry.views))
    visitors = best.visitors // size * size
    views = best.views // size * size if visitors else 0
    fresh = Snapshot(
        closes,
        period,
        int(now),
        max(visitors, last.visitors if last else 0),
        max(views, last.views if last else 0),
    )
    with unavailable("ledger"), writing(stores.engine) as connection:
        connection.execute(delete(snapshot).where(snapshot.c.site == site.name))
        connection.execute(
            insert(snapshot).values(
                site=site.name,
                closes=fresh.closes,
                period=fresh.period,
                made=fresh.made,
                visitors=fresh.visitors,
                views=fresh.views,
            )
        )


def purge_snapshots(connection: Connection, now: float) -> None:
    """Remove snapshots of periods that ended: of sites where none is made any more."""
    for row in connection.execute(select(snapshot)).all():
        if end_of(row.closes, row.period) + HOUR <= now:
            connection.execute(delete(snapshot).where(snapshot.c.site == row.site))


def _read(connection: Connection, site: str) -> Snapshot | None:
    row = connection.execute(select(snapshot).where(snapshot.c.site == site)).first()
    if row is None:
        return None
    return Snapshot(row.closes, row.period, row.made, row.visitors, row.views)
