"""Sites that were ended for good: their editions stay archived, their name is not given again."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Integer, String, Table, insert, select

from askfirst_collector.store.database import metadata

retired_site = Table(
    "retired_site",
    metadata,
    Column("site", String, primary_key=True),
    Column("since", Integer, nullable=False),  # unix seconds
)


def retire(connection: Connection, site: str, now: float) -> None:
    """End a site; it must not have ended yet."""
    connection.execute(insert(retired_site).values(site=site, since=int(now)))


def is_retired(connection: Connection, site: str) -> bool:
    """Whether a site was ended."""
    query = select(retired_site.c.site).where(retired_site.c.site == site)
    return connection.execute(query).first() is not None
