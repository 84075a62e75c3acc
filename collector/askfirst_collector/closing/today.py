"""Today's visitors so far, of each purpose: newcomers of each hour, added up.

today    one row a (site, purpose). `sum` has a draw for each hour in it; `shown` is the largest it
         was: nobody sees one visitor come, or be erased
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    String,
    Table,
    delete,
    insert,
    select,
)

from askfirst_collector.catalogue.sites import Site
from askfirst_collector.store.database import metadata, writing
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.faults import unavailable
from askfirst_collector.store.periods import period_of

from .calendar import DAY, asked
from .rule import Rule
from .stores import Stores

HOUR = 3600  # seconds
SHOWN_FROM = 4  # times the cell size

today = Table(
    "today",
    metadata,
    Column("site", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("until", Integer, nullable=False),  # the hour, as rows have it, that is not in it yet
    Column("sum", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
)


@dataclass(frozen=True)
class Today:
    """About so many visitors on the day of `until` (unix seconds, the end of the last hour)."""

    until: int
    visitors: int


def read_today(engine: Engine, site: str, purpose: str, size: int, now: float) -> Today | None:
    """None where it is under four times the size, or nothing was looked at today."""
    with unavailable("ledger"), engine.connect() as connection:
        row = connection.execute(select(today).where(*_is(site, purpose))).first()
    if row is None or row.shown < SHOWN_FROM * size or row.until <= _midnight(now):
        return None
    return Today(row.until, row.shown)


def add_newcomers(stores: Stores, now: float) -> None:
    """Add the newcomers of the hours that ended since the last look, for every purpose."""
    for site in stores.registry.readable():
        for purpose in site.editions.current.policy.purposes:
            _add(stores, site, purpose, now)


def _add(stores: Stores, site: Site, purpose: str, now: float) -> None:
    terms = asked(site, purpose)
    hour, midnight = int(now) // HOUR * HOUR, _midnight(now)
    if terms is None or hour == midnight:
        return
    with unavailable("ledger"), stores.engine.connect() as connection:
        row = connection.execute(select(today).where(*_is(site.name, purpose))).first()
    since, total, shown = (
        (row.until, row.sum, row.shown)
        if row is not None and row.until > midnight
        else (midnight, 0, 0)
    )
    if since >= hour:
        return
    key = PeriodKey(site.name, "", purpose, terms.closes, period_of(terms.closes, now))
    rule = Rule(terms.min_cell_size, stores.urandom)
    with stores.events.reading(key) as period:
        total += period.newcomers(midnight, since, hour) + rule.noise()
    with unavailable("ledger"), writing(stores.engine) as connection:
        connection.execute(delete(today).where(*_is(site.name, purpose)))
        connection.execute(
            insert(today).values(
                site=site.name, purpose=purpose, until=hour, sum=total, shown=max(shown, total)
            )
        )


def purge_today(connection: Connection, now: float) -> None:
    """Remove what was of another day."""
    connection.execute(delete(today).where(today.c.until <= _midnight(now)))


def _midnight(now: float) -> int:
    return int(now) // DAY * DAY


def _is(site: str, purpose: str) -> tuple[ColumnElement[bool], ...]:
    return today.c.site == site, today.c.purpose == purpose
