"""Where what a purpose gathers is delivered to one of its recipients, and how that goes.

transfer   one delivery: at most one of each kind to a recipient of a purpose of a site. `upto` is
           the newest closed period that needs no delivery any more; `attempts` how often in a row
           nothing arrived, `due` when it is tried again, `fault` what went wrong last
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)

from askfirst_collector.store.database import changing, metadata, reading

What = Literal["figures", "events"]
Way = Literal["webhook", "s3"]
KINDS: tuple[What, ...] = ("figures", "events")
WAYS: tuple[Way, ...] = ("webhook", "s3")
MOST = 20  # of a site
# Seconds from one attempt to the next; after the last one it goes on with that.
PAUSES = (60, 300, 1800, 7200, 18_000, 36_000, 50_400)

transfer = Table(
    "transfer",
    metadata,
    Column("id", String, primary_key=True),
    Column("site", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("what", String, nullable=False),
    Column("way", String, nullable=False),
    Column("url", String, nullable=False),
    Column("key_id", String, nullable=False),
    Column("region", String, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("upto", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Integer, nullable=False),  # unix seconds
    Column("fault", String, nullable=False),
    UniqueConstraint("site", "purpose", "recipient", "what"),
)


@dataclass(frozen=True)
class Transfer:
    """One delivery; `secret` signs it, and `key_id` and `region` are of S3 alone."""

    id: str
    site: str
    purpose: str
    recipient: str  # by its name in the policy
    what: What
    way: Way
    url: str
    key_id: str
    region: str
    secret: bytes
    upto: int = 0
    attempts: int = 0
    due: int = 0  # unix seconds
    fault: str = ""

    @property
    def host(self) -> str:
        """Of its address; the rest may be a secret."""
        return urlsplit(self.url).hostname or ""


def add_transfer(connection: Connection, entry: Transfer) -> None:
    """Deliver from now on."""
    connection.execute(insert(transfer).values(vars(entry)))


def drop_transfer(connection: Connection, id: str) -> None:
    """Deliver nothing more."""
    connection.execute(delete(transfer).where(transfer.c.id == id))


def site_transfers(connection: Connection, site: str) -> list[Transfer]:
    """The deliveries of a site, in order."""
    order = (transfer.c.purpose, transfer.c.recipient, transfer.c.what)
    query = select(transfer).where(transfer.c.site == site).order_by(*order)
    return [Transfer(*row) for row in connection.execute(query)]


def transfers_of(engine: Engine, site: str) -> list[Transfer]:
    """The same, read. Raises CollectorUnavailable."""
    with reading(engine) as connection:
        return site_transfers(connection, site)


def due_transfers(engine: Engine, now: float) -> list[Transfer]:
    """What is to be tried now, in order. Raises CollectorUnavailable."""
    query = select(transfer).where(transfer.c.due <= int(now)).order_by(transfer.c.due)
    with reading(engine) as connection:
        return [Transfer(*row) for row in connection.execute(query)]


def event_transfers(engine: Engine) -> dict[tuple[str, str], list[str]]:
    """The ids of the deliveries of events, by site and purpose. Raises CollectorUnavailable."""
    columns = (transfer.c.site, transfer.c.purpose, transfer.c.id)
    query = select(*columns).where(transfer.c.what == "events")
    ids: dict[tuple[str, str], list[str]] = {}
    with reading(engine) as connection:
        for site, purpose, id in connection.execute(query):
            ids.setdefault((site, purpose), []).append(id)
    return ids


def note_arrival(engine: Engine, entry: Transfer, now: float) -> None:
    """It arrived: go on at once. `upto` of the entry is the closed period that it was."""
    _note(engine, entry.id, {"attempts": 0, "fault": "", "due": int(now), "upto": entry.upto})


def note_nothing(engine: Engine, entry: Transfer, due: float) -> None:
    """There was nothing to deliver: look again at `due`. What went wrong before stays so."""
    _note(engine, entry.id, {"due": int(due), "upto": entry.upto})


def note_failure(engine: Engine, entry: Transfer, fault: str, now: float) -> None:
    """It did not arrive: try again after a pause that grows."""
    due = int(now) + PAUSES[min(entry.attempts, len(PAUSES) - 1)]
    _note(engine, entry.id, {"attempts": entry.attempts + 1, "fault": fault, "due": due})


def transfer_json(entry: Transfer) -> dict[str, Any]:
    """As the audit has it: of an address the host alone, and no secret."""
    return {
        "purpose": entry.purpose,
        "recipient": entry.recipient,
        "what": entry.what,
        "way": entry.way,
        "host": entry.host,
    }


def webhook_secret(secret: bytes) -> str:
    """A secret of a webhook as its receiver is given it."""
    return "whsec_" + base64.b64encode(secret).decode()


def _note(engine: Engine, id: str, values: Mapping[str, Any]) -> None:
    with changing(engine) as connection:
        connection.execute(update(transfer).where(transfer.c.id == id).values(values))
