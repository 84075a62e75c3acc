"""Today's visitors so far of each purpose, in `ledger.db`.

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

from askfirst_collector.store.database import changing, metadata, reading

today = Table(
    "today",
    metadata,
    Column("site", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("until", Integer, nullable=False),  # the hour, as rows have it, that is not in it yet
    Column("sum", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class SumOfDay:
    """Newcomers of the hours before `until` (unix seconds), and the largest number so far."""

    until: int
    sum: int
    shown: int


def read_sum(engine: Engine, site: str, purpose: str) -> SumOfDay | None:
    """What was added up last, on whichever day; None where nothing was."""
    with reading(engine) as connection:
        row = connection.execute(select(today).where(*_is(site, purpose))).first()
    return None if row is None else SumOfDay(row.until, row.sum, row.shown)


def read_sums(engine: Engine) -> dict[tuple[str, str], SumOfDay]:
    """The same of all, by site and purpose."""
    with reading(engine) as connection:
        rows = connection.execute(select(today))
        return {(row.site, row.purpose): SumOfDay(row.until, row.sum, row.shown) for row in rows}


def write_sum(engine: Engine, site: str, purpose: str, added: SumOfDay) -> None:
    """Put this in the place of what was added up before."""
    values = {"until": added.until, "sum": added.sum, "shown": added.shown}
    with changing(engine) as connection:
        connection.execute(delete(today).where(*_is(site, purpose)))
        connection.execute(insert(today).values(site=site, purpose=purpose, **values))


def purge_sums(connection: Connection, before: int) -> None:
    """Remove what was added up until this moment (unix seconds)."""
    connection.execute(delete(today).where(today.c.until <= before))


def _is(site: str, purpose: str) -> tuple[ColumnElement[bool], ...]:
    return today.c.site == site, today.c.purpose == purpose
