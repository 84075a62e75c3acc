"""Sites that the ceiling stopped: each with the conflicts that its owner has to settle.

suspension   one row a site; it ends when the ceiling allows its policy again, or when its owner
             publishes one that fits. Placed collectors keep the same in their own rows
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    select,
)

from askfirst_collector.store.database import metadata

suspension = Table(
    "suspension",
    metadata,
    Column("site", String, primary_key=True),
    Column("since", Integer, nullable=False),  # unix seconds
    Column("host", String, nullable=False),  # hash of the ceiling that stopped it
    Column("conflicts", LargeBinary, nullable=False),  # canonical JSON, as `Stop.plain`
)


@dataclass(frozen=True)
class Stop:
    """Why nothing is gathered, by whom and since when."""

    site: str
    collector: str  # "" for the site itself
    since: int  # unix seconds
    host: str
    conflicts: tuple[dict[str, Any], ...]  # pointer, declared, allowed, message


def stopped(connection: Connection, site: str) -> Stop | None:
    """The suspension of a site; None where it stands."""
    row = connection.execute(select(suspension).where(suspension.c.site == site)).first()
    if row is None:
        return None
    return Stop(row.site, "", row.since, row.host, tuple(json.loads(row.conflicts)))
