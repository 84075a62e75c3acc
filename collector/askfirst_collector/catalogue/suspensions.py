"""Sites that the host policy stopped: each with the conflicts that its owner has to settle.

suspension   one row a site; it ends when the host policy allows its policy again, or when its owner
             publishes one that fits. Placed collectors keep the same in their own rows
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from askfirst.errors import Problem
from askfirst.terms.canonical import canonical
from askfirst_collector.store.database import metadata

suspension = Table(
    "suspension",
    metadata,
    Column("site", String, primary_key=True),
    Column("since", Integer, nullable=False),  # unix seconds
    Column("reason", LargeBinary, nullable=False),  # canonical JSON: a list of problems
)


def suspend_site(
    connection: Connection, site: str, problems: Sequence[Problem], *, now: float
) -> bool:
    """Stop a site for these conflicts; whether it was not stopped for just these before."""
    # Values of policies are plain; one that is not is told as its text.
    plain = json.loads(json.dumps([problem.as_dict() for problem in problems], default=str))
    reason, own = canonical(plain), suspension.c.site == site
    before = connection.execute(select(suspension.c.reason).where(own)).scalar()
    if before is None:
        values = {"site": site, "since": int(now), "reason": reason}
        connection.execute(insert(suspension).values(values))
    elif before != reason:
        connection.execute(update(suspension).where(own).values(reason=reason))
    return bool(before != reason)


def lift(connection: Connection, site: str) -> bool:
    """Let a site go on; whether it was stopped."""
    deletion = connection.execute(delete(suspension).where(suspension.c.site == site))
    return deletion.rowcount == 1


def why(connection: Connection, site: str) -> tuple[Problem, ...]:
    """The conflicts that a site is stopped for; none where it stands."""
    query = select(suspension.c.reason).where(suspension.c.site == site)
    document: bytes | None = connection.execute(query).scalar()
    return () if document is None else tuple(Problem(**fields) for fields in json.loads(document))


def suspended_since(connection: Connection) -> dict[str, int]:
    """Every site that is stopped, and since when (unix seconds)."""
    rows = connection.execute(select(suspension.c.site, suspension.c.since))
    return {row.site: row.since for row in rows}
