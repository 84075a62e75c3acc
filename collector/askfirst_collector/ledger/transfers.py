"""Deliveries to third parties: entries of kind `transfer`, on disk before the first byte goes.

An entry names a recipient and no visitor, so that it has no site and no handle in its columns, as
those of members have none: no closing counts it, and no erasure looks for it.

transferred   one row a delivery, by the id of its message: a delivery that is tried again is one
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from askfirst_collector.ledger.append import append_entry
from askfirst_collector.ledger.entries import TRANSFER, hour_of, read_body, timestamp
from askfirst_collector.ledger.tables import entry
from askfirst_collector.store.database import changing, metadata, reading

transferred = Table(
    "transferred",
    metadata,
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("message", String, nullable=False, unique=True),
    Column("site", String, nullable=False, index=True),
    Column("hour", Integer, nullable=False),  # unix seconds
)


def record_transfer(
    engine: Engine,
    message: str,
    site: str,
    content: Callable[[], Mapping[str, Any]],
    *,
    now: float,
    urandom: Callable[[int], bytes],
) -> bool:
    """Append what is delivered, once for each message; whether it was not there yet.

    `content` is asked for where it is new alone: counts are drawn once. Raises
    CollectorUnavailable.
    """
    with changing(engine) as connection:
        known = select(transferred.c.idx).where(transferred.c.message == message)
        if connection.execute(known).first() is not None:
            return False
        hour = hour_of(now)
        body = {"v": 1, "kind": TRANSFER, "site": site, "hour": timestamp(hour), **content()}
        index = append_entry(connection, body, urandom=urandom).index
        values = {"idx": index, "message": message, "site": site, "hour": hour}
        connection.execute(insert(transferred).values(values))
    return True


def transfers_since(engine: Engine, site: str, hour: int) -> list[dict[str, Any]]:
    """The content of the entries of a site from an hour (unix seconds) on, in order."""
    query = select(entry.c.body).join(transferred, transferred.c.idx == entry.c.idx)
    query = query.where(transferred.c.site == site, transferred.c.hour >= hour)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(entry.c.idx)).scalars()
        return [read_body(body, None) for body in rows]


def forget_transfers(engine: Engine, site: str, before: float) -> int:
    """Empty the entries of a site from before a moment (unix seconds); how many there were."""
    with changing(engine) as connection:
        return empty_transfers(connection, site, hour_of(before))


def empty_transfers(connection: Connection, site: str, before: int) -> int:
    """Empty the entries of a site from before an hour: only their leaves stay."""
    old = (transferred.c.site == site) & (transferred.c.hour < before)
    indexes = list(connection.execute(select(transferred.c.idx).where(old)).scalars())
    nothing = dict.fromkeys(("salt", "body", "site", "handle", "kind", "hour", "until"))
    for index in indexes:
        connection.execute(update(entry).where(entry.c.idx == index).values(nothing))
    connection.execute(delete(transferred).where(old))
    return len(indexes)
