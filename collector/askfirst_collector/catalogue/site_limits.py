"""How many rows a day a site may store: what its host allows, so that no site fills the disk.

A row for each site whose host set a number; the others have MOST_ROWS_A_DAY.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, Integer, String, Table, delete, insert, select

from askfirst_collector.store.database import metadata

MOST_ROWS_A_DAY = 1_000_000  # of one site (UTC), where its host set nothing else
LARGEST = 10**12

site_limit = Table(
    "site_limit",
    metadata,
    Column("site", String, primary_key=True),
    Column("rows_a_day", Integer, nullable=False),
)


def rows_a_day(connection: Connection, site: str) -> int:
    """How many rows the site may store in a day of UTC."""
    query = select(site_limit.c.rows_a_day).where(site_limit.c.site == site)
    number: int | None = connection.execute(query).scalar()
    return MOST_ROWS_A_DAY if number is None else number


def set_rows_a_day(connection: Connection, site: str, number: int) -> None:
    """Let the site store this many rows a day."""
    connection.execute(delete(site_limit).where(site_limit.c.site == site))
    connection.execute(insert(site_limit).values(site=site, rows_a_day=number))
