"""Site keys: what a relay shows on `/v1`. Only their hashes are kept."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from sqlalchemy import Column, Connection, Engine, LargeBinary, String, Table, insert, select

from askfirst_collector.store.database import metadata, writing
from askfirst_collector.store.faults import away

PREFIX = "askfirst_"
SECRET = 32  # bytes

site_key = Table(
    "site_key",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("site", String, nullable=False),
)


def new_site_key(engine: Engine, site: str, *, urandom: Callable[[int], bytes]) -> str:
    """Draw a key for a site; it is shown this once, and only its SHA-256 is kept.

    The key holds 256 random bits, so a plain hash is enough: nothing can be tried out.
    """
    token = PREFIX + base64.urlsafe_b64encode(urandom(SECRET)).rstrip(b"=").decode()
    with away("ledger"), writing(engine) as connection:
        connection.execute(insert(site_key).values(hash=_hash(token), site=site))
    return token


def drop_site_keys(engine: Engine, site: str) -> int:
    """Revoke every key of a site; how many there were."""
    with away("ledger"), writing(engine) as connection:
        return connection.execute(site_key.delete().where(site_key.c.site == site)).rowcount


def site_of_key(connection: Connection, token: str) -> str | None:
    """The site whose key this is."""
    query = select(site_key.c.site).where(site_key.c.hash == _hash(token))
    found: str | None = connection.execute(query).scalar()
    return found


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
