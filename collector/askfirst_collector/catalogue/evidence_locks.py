"""Which evidence is asked for, and opened: by two host admins, for a day.

evidence_lock   one question: the leaf of an entry, who asked, and who of the others agreed. It says
                whose entry it is by the leaf alone, which stays when the entry is erased
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from askfirst_collector.ledger.entries import Entry, read_entry
from askfirst_collector.ledger.tables import entry
from askfirst_collector.store.database import metadata, reading

ASKED = 7 * 86_400  # seconds in which somebody else may agree
OPENED = 86_400  # seconds for which it is open then

evidence_lock = Table(
    "evidence_lock",
    metadata,
    Column("id", String, primary_key=True),
    Column("leaf", String, nullable=False),  # hex
    Column("asked_by", String, nullable=False),
    Column("opened_by", String, nullable=False),  # "" until somebody agreed
    Column("expires", Integer, nullable=False),  # unix seconds
)


@dataclass(frozen=True)
class EvidenceLock:
    """One question; open once `opened_by` says who agreed, until `expires` (unix seconds)."""

    id: str
    leaf: str
    asked_by: str
    opened_by: str
    expires: int


def locks_of(engine: Engine, now: float) -> tuple[EvidenceLock, ...]:
    """What is asked or open now, the one that ends first first."""
    query = select(evidence_lock).where(evidence_lock.c.expires > int(now))
    with reading(engine) as connection:
        return tuple(map(_read, connection.execute(query.order_by(evidence_lock.c.expires))))


def find_lock(connection: Connection, id: str, now: float) -> EvidenceLock | None:
    """One of them; None for one that is over."""
    own = (evidence_lock.c.id == id) & (evidence_lock.c.expires > int(now))
    row = connection.execute(select(evidence_lock).where(own)).first()
    return None if row is None else _read(row)


def add_lock(connection: Connection, id: str, leaf: str, member: str, now: float) -> None:
    """Keep a question."""
    values = {"id": id, "leaf": leaf, "asked_by": member, "opened_by": ""}
    connection.execute(insert(evidence_lock).values(**values, expires=int(now) + ASKED))


def open_lock(connection: Connection, id: str, member: str, now: float) -> None:
    """Note who agreed."""
    values = {"opened_by": member, "expires": int(now) + OPENED}
    connection.execute(update(evidence_lock).where(evidence_lock.c.id == id).values(values))


def drop_locks(connection: Connection, now: float) -> int:
    """Forget what is over; how many."""
    over = evidence_lock.c.expires <= int(now)
    return connection.execute(delete(evidence_lock).where(over)).rowcount


def entries_of_leaf(connection: Connection, leaf: str) -> list[Entry]:
    """Every entry of the handle whose entry has this leaf (hex), oldest first; none once erased."""
    same = select(entry.c.site, entry.c.handle).where(entry.c.leaf == bytes.fromhex(leaf))
    row = connection.execute(same.where(entry.c.handle.is_not(None))).first()
    if row is None:
        return []
    query = select(entry.c.idx, entry.c.leaf, entry.c.salt, entry.c.body, entry.c.handle)
    query = query.where(entry.c.site == row.site, entry.c.handle == row.handle)
    return [read_entry(one) for one in connection.execute(query.order_by(entry.c.idx))]


def _read(row: Row[Any]) -> EvidenceLock:
    return EvidenceLock(row.id, row.leaf, row.asked_by, row.opened_by, row.expires)
