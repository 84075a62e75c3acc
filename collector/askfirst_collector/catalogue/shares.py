"""Links by which figures of a site are shown to whoever has them.

share   one link: of which purpose, which cards, over which days, until when. A secret one is known
        by the hash of its word, a public one by the name of its site
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
)

from askfirst_collector.members.rows import digest
from askfirst_collector.store.database import metadata, reading

MOST = 20  # of a site
WORD = 16  # bytes of a secret link

share = Table(
    "share",
    metadata,
    Column("id", String, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("site", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("cards", String, nullable=False),  # names with commas between
    Column("days", String, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("embeds", Boolean, nullable=False),
    Column("expires", Integer, nullable=False),  # unix seconds
)


@dataclass(frozen=True)
class Share:
    """A link that works until `expires` (unix seconds); `days` is a preset, such as `28d`."""

    id: str
    site: str
    purpose: str
    cards: tuple[str, ...]
    days: str
    is_public: bool
    embeds: bool
    expires: int


def find_share(engine: Engine, word: str, now: float) -> Share | None:
    """The share that this word opens; None for one that is over, and for any other text."""
    query = select(share).where(share.c.hash == digest(word), share.c.expires > int(now))
    with reading(engine) as connection:
        row = connection.execute(query).first()
    return None if row is None else _read(row)


def shares_of(engine: Engine, site: str, now: float) -> tuple[Share, ...]:
    """The links of a site that work, the one that ends first first."""
    with reading(engine) as connection:
        return site_shares(connection, site, now)


def site_shares(connection: Connection, site: str, now: float) -> tuple[Share, ...]:
    """The same, within a transaction."""
    own = select(share).where(share.c.site == site, share.c.expires > int(now))
    return tuple(map(_read, connection.execute(own.order_by(share.c.expires, share.c.id))))


def add_share(connection: Connection, entry: Share, word: str) -> None:
    """Keep a link with the hash of its word."""
    connection.execute(
        insert(share).values(
            id=entry.id,
            hash=digest(word),
            site=entry.site,
            purpose=entry.purpose,
            cards=",".join(entry.cards),
            days=entry.days,
            public=entry.is_public,
            embeds=entry.embeds,
            expires=entry.expires,
        )
    )


def drop_share(connection: Connection, site: str, id: str) -> None:
    """Make a link of a site stop working."""
    connection.execute(delete(share).where(share.c.site == site, share.c.id == id))


def drop_ended(connection: Connection, now: float) -> Counter[str]:
    """Forget the links that are over; how many, by site."""
    over = delete(share).where(share.c.expires <= int(now)).returning(share.c.site)
    return Counter(connection.execute(over).scalars())


def word_of(site: str, *, public: bool, urandom: Callable[[int], bytes]) -> str:
    """What opens a new link: the name of the site, or what nobody guesses."""
    return site if public else urandom(WORD).hex()


def share_json(entry: Share) -> dict[str, Any]:
    """A link for the audit; its word is nowhere."""
    cards: Sequence[str] = entry.cards
    return {
        "id": entry.id,
        "purpose": entry.purpose,
        "cards": list(cards),
        "days": entry.days,
        "public": entry.is_public,
        "embeds": entry.embeds,
        "expires": entry.expires,
    }


def _read(row: Row[Any]) -> Share:
    cards = tuple(row.cards.split(",")) if row.cards else ()
    values = row.id, row.site, row.purpose, cards, row.days
    return Share(*values, bool(row.public), bool(row.embeds), row.expires)
