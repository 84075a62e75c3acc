"""Site keys: what a relay shows on `/v1`. Only their hashes are kept.

A site may have several at a time. Drawing another gives those before it an end, so that a relay
can be given the new one without a gap.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    or_,
    select,
    update,
)

from askfirst.errors import Reason, Refused
from askfirst_collector.store.database import metadata, reading

PREFIX = "askfirst_"
SECRET = 32  # bytes
OVERLAP = 7 * 86_400  # seconds that older keys go on after a new one was drawn
MOST = 10  # keys of one site that have not ended

site_key = Table(
    "site_key",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("site", String, nullable=False),
    Column("made", Integer),  # unix seconds; NULL where it was drawn before this was kept
    Column("expires", Integer),  # unix seconds; NULL while no newer one was drawn
)


@dataclass(frozen=True)
class SiteKey:
    """A key that has not ended; `id` names it, and is nothing that opens anything."""

    id: str
    made: int | None  # unix seconds
    expires: int | None  # unix seconds


def draw_site_key(
    connection: Connection, site: str, *, now: float, urandom: Callable[[int], bytes]
) -> str:
    """Draw a key; those before it end after `OVERLAP`, unless they end earlier.

    It is shown this once, and only its SHA-256 is kept: the key holds 256 random bits, so a plain
    hash is enough, and nothing can be tried out. Raises Refused `too-many-requests`.
    """
    own = site_key.c.site == site
    connection.execute(delete(site_key).where(own, site_key.c.expires <= int(now)))
    if len(site_keys(connection, site, now=now)) >= MOST:
        raise Refused(Reason.TOO_MANY_REQUESTS, f"end a key first: a site has at most {MOST}")
    ends = int(now) + OVERLAP
    connection.execute(
        update(site_key).where(own, site_key.c.expires.is_(None)).values(expires=ends)
    )
    token = PREFIX + base64.urlsafe_b64encode(urandom(SECRET)).rstrip(b"=").decode()
    connection.execute(
        insert(site_key).values(hash=_hash(token), site=site, made=int(now), expires=None)
    )
    return token


def site_keys(connection: Connection, site: str, *, now: float) -> tuple[SiteKey, ...]:
    """The keys of a site that have not ended, newest last."""
    query = select(site_key).where(site_key.c.site == site, _lives(now))
    rows = connection.execute(query)
    keys = [SiteKey(row.hash.hex()[:16], row.made, row.expires) for row in rows]
    return tuple(sorted(keys, key=lambda key: (key.expires is None, key.made or 0, key.id)))


def keys_of(engine: Engine, site: str, *, now: float) -> tuple[SiteKey, ...]:
    """The same, for whoever changes nothing."""
    with reading(engine) as connection:
        return site_keys(connection, site, now=now)


def end_site_key(connection: Connection, site: str, id: str) -> bool:
    """Make one key of a site stop working now; whether there was one."""
    query = select(site_key.c.hash).where(site_key.c.site == site)
    for digest in connection.execute(query).scalars().all():
        if digest.hex()[:16] == id:
            connection.execute(delete(site_key).where(site_key.c.hash == digest))
            return True
    return False


def site_of_key(connection: Connection, token: str, *, now: float) -> str | None:
    """The site whose key this is; None for one that is unknown or has ended."""
    query = select(site_key.c.site).where(site_key.c.hash == _hash(token), _lives(now))
    site: str | None = connection.execute(query).scalar()
    return site


def _lives(now: float) -> ColumnElement[bool]:
    return or_(site_key.c.expires.is_(None), site_key.c.expires > int(now))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
