"""The lease: of all processes on a folder, the one that runs its jobs. One row, 30 seconds."""

from __future__ import annotations

from sqlalchemy import Column, Engine, Integer, String, Table, delete, insert, or_, update

from askfirst_collector.store.database import changing, metadata

SECONDS = 30
RENEW_AFTER = 10  # seconds: a holder that misses two renewals has not lost it yet

lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until", Integer, nullable=False),  # unix seconds
)


def take(engine: Engine, holder: str, now: float, *, name: str = "jobs") -> bool:
    """Take or renew the lease; whether `holder` has it for the next 30 seconds.

    A clock that was set back does not keep a lease for ever: none lasts longer than it was given.
    """
    until = int(now) + SECONDS
    free = or_(
        lease.c.holder == holder,
        lease.c.until <= int(now),
        lease.c.until > until,
    )
    taking = update(lease).where(lease.c.name == name, free).values(holder=holder, until=until)
    with changing(engine) as connection:
        if connection.execute(taking).rowcount:
            return True
        present = connection.execute(lease.select().where(lease.c.name == name)).first()
        if present is None:
            connection.execute(insert(lease).values(name=name, holder=holder, until=until))
        return present is None


def release(engine: Engine, holder: str, *, name: str = "jobs") -> None:
    """Give the lease back, so that another process need not wait for its end."""
    with changing(engine) as connection:
        connection.execute(delete(lease).where(lease.c.name == name, lease.c.holder == holder))
