"""Whom a change of the ceiling is told by HTTP, and what has not reached them yet.

webhook    where an owner wants to be told: of a site, of a placed collector, or (site "") the host
delivery   what is still to be delivered, with the time of the next attempt
"""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from askfirst_collector.store.database import metadata

webhook = Table(
    "webhook",
    metadata,
    Column("site", String, primary_key=True),
    Column("collector", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("secret", LargeBinary, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", String, primary_key=True),  # of the event: the same at every attempt
    Column("site", String, nullable=False),
    Column("collector", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("made", Integer, nullable=False),  # unix seconds
    Column("due", Integer, nullable=False),  # unix seconds
    Column("attempts", Integer, nullable=False),
)
