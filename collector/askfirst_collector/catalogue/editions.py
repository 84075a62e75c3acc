"""Editions as they are archived: all that a site has published, whole, in one line of history.

The history is linear: publishing a hash that was current once, but is not now, makes a new
edition with a new number. A hash therefore names a text, a number names a place in history; asked
for a hash, the newest number answers, as that is the one a visitor can be looking at.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    func,
    insert,
    select,
)

from askfirst.terms.canonical import canonical
from askfirst.terms.edition import Edition, Editions, edition_document, read_edition
from askfirst_collector.catalogue.unreadable import unreadable
from askfirst_collector.ledger.entries import timestamp
from askfirst_collector.store.database import metadata

edition = Table(
    "edition",
    metadata,
    Column("site", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("hash", String, nullable=False),
    Column("effective", Integer, nullable=False),  # unix seconds
    Column("document", LargeBinary, nullable=False),  # canonical JSON
)


def load_editions(connection: Connection, site: str) -> Editions:
    """All editions of a site, oldest first; Unreadable where one cannot be read any more."""
    query = select(edition).where(edition.c.site == site).order_by(edition.c.number)
    rows = connection.execute(query).all()
    with unreadable("E121", "an archived edition", site):
        return Editions(tuple(map(_read, rows)))


def has_published(connection: Connection, site: str) -> bool:
    """Whether there is an edition of this site, readable or not."""
    query = select(edition.c.number).where(edition.c.site == site).limit(1)
    return connection.execute(query).first() is not None


def _read(row: Row[Any]) -> Edition:
    return _edition(row.document, row.number, row.effective, row.hash)


@lru_cache(maxsize=1024)
def _edition(document: bytes, number: int, effective: int, digest: str) -> Edition:
    # An archived edition never changes, and every change of a site reads all that it has.
    return read_edition(json.loads(document), number=number, effective=effective, digest=digest)


def add_edition(connection: Connection, entry: Edition) -> None:
    """Archive an edition under its number."""
    connection.execute(
        insert(edition).values(
            site=entry.policy.site,
            number=entry.number,
            hash=entry.hash,
            effective=entry.effective,
            document=canonical(edition_document(entry.policy, entry.placed)),
        )
    )


def as_change(entry: Edition) -> dict[str, object]:
    """An edition in an entry of the audit, as its page names it."""
    return {"edition": entry.number, "hash": entry.hash, "effective": timestamp(entry.effective)}


def made_since(connection: Connection, site: str, moment: float) -> int:
    """How many editions of a site took effect after a moment (unix seconds)."""
    query = select(func.count()).select_from(edition)
    return int(
        connection.execute(
            query.where(edition.c.site == site, edition.c.effective > int(moment))
        ).scalar_one()
    )


def archived(connection: Connection, site: str, digest: str) -> bytes | None:
    """The canonical JSON of an edition that a site once published, by its hash."""
    query = select(edition.c.document).where(edition.c.site == site, edition.c.hash == digest)
    document: bytes | None = connection.execute(query.limit(1)).scalar()
    return document
