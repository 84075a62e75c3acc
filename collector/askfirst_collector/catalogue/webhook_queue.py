"""Whom a change of the host policy is told by HTTP, and what has not reached them yet.

webhook    where an owner wants to be told: of a site, of a placed collector, or (site "") the host
delivery   what is still to be delivered, with the time of the next attempt

What is told is about policies. Nothing in it is about a visitor.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from askfirst.errors import Reason, Refused
from askfirst.terms.canonical import canonical
from askfirst_collector.public_address import is_public_host
from askfirst_collector.store.database import metadata, reading

if TYPE_CHECKING:
    from askfirst_collector.catalogue.enforce_host_policy import Affected

SECRET = 32  # bytes
LONGEST_URL = 500  # characters
# Seconds from one attempt to the next; after the last one a delivery is given up.
PAUSES = (60, 300, 1800, 7200, 18_000, 36_000, 50_400)
_URL = re.compile(r"https://[!-~]+")
_ADVICE = "write https://HOST/PATH; no user, no fragment, an international name as punycode"
_NOT_PUBLIC = "nothing is sent to an address that is not of the public net: write a name that is"

webhook = Table(
    "webhook",
    metadata,
    Column("site", String, primary_key=True),
    Column("collector", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("secret", LargeBinary, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", String, primary_key=True),  # of the message: the same at every attempt
    Column("site", String, nullable=False),
    Column("collector", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("made", Integer, nullable=False),  # unix seconds
    Column("due", Integer, nullable=False),  # unix seconds
    Column("attempts", Integer, nullable=False),
)


@dataclass(frozen=True)
class Delivery:
    """A message on its way."""

    id: str
    url: str
    secret: bytes
    body: bytes
    attempts: int


def set_webhook(
    connection: Connection,
    site: str,
    collector: str,
    url: str,
    *,
    urandom: Callable[[int], bytes],
) -> str:
    """Tell this address from now on; the new secret, shown this once.

    `site` and `collector` are "" for the host's own. Raises Refused `bad-shape` for an address
    that cannot be told.
    """
    check_url(url)
    drop_webhook(connection, site, collector)
    secret = urandom(SECRET)
    values = {"site": site, "collector": collector, "url": url, "secret": secret}
    connection.execute(insert(webhook).values(values))
    return "whsec_" + base64.b64encode(secret).decode()


def drop_webhook(connection: Connection, site: str, collector: str) -> None:
    """Tell nobody any more, and nothing of what has not arrived yet."""
    for table in (webhook, delivery):
        own = (table.c.site == site, table.c.collector == collector)
        connection.execute(delete(table).where(*own))


def read_webhook(engine: Engine, site: str, collector: str) -> str | None:
    """Where changes are told; None where nowhere. Raises CollectorUnavailable."""
    with reading(engine) as connection:
        return webhook_url(connection, site, collector)


def webhook_url(connection: Connection, site: str, collector: str) -> str | None:
    """Where changes are told; None where nowhere."""
    query = select(webhook.c.url).where(webhook.c.site == site, webhook.c.collector == collector)
    url: str | None = connection.execute(query).scalar()
    return url


def tell(
    connection: Connection,
    number: int,
    digest: str,
    changed: Sequence[Affected],
    *,
    now: float,
    urandom: Callable[[int], bytes],
) -> None:
    """Queue what a new host policy changed, for whomever it concerns and who wants to be told."""
    host_edition = {"number": number, "hash": digest}
    everything: dict[str, object] = {
        "type": "ceiling.changed",
        "changed": [_told(change) for change in changed],
    }
    messages = {("", ""): everything}
    messages |= {(change.site, change.collector): _told(change) for change in changed}
    for row in connection.execute(select(webhook.c.site, webhook.c.collector)).all():
        message = messages.get((row.site, row.collector))
        if message is not None:
            content = {**message, "ceiling": host_edition}
            queue_message(connection, row.site, row.collector, content, now=now, urandom=urandom)


def queue_message(
    connection: Connection,
    site: str,
    collector: str,
    message: Mapping[str, object],
    *,
    now: float,
    urandom: Callable[[int], bytes],
) -> str:
    """Have a message delivered to a webhook, at the next round; its id."""
    id = "msg_" + urandom(16).hex()
    connection.execute(
        insert(delivery).values(
            id=id,
            site=site,
            collector=collector,
            body=canonical(dict(message)),
            made=int(now),
            due=int(now),
            attempts=0,
        )
    )
    return id


def count_waiting(connection: Connection, site: str, collector: str) -> int:
    """How many messages have not reached a webhook yet."""
    query = select(func.count()).where(delivery.c.site == site, delivery.c.collector == collector)
    count: int = connection.execute(query).scalar_one()
    return count


def due(connection: Connection, now: float, most: int) -> list[Delivery]:
    """What is to be tried now, the oldest first."""
    joined = delivery.join(
        webhook,
        (webhook.c.site == delivery.c.site) & (webhook.c.collector == delivery.c.collector),
    )
    columns = (delivery.c.id, webhook.c.url, webhook.c.secret, delivery.c.body, delivery.c.attempts)
    query = select(*columns).select_from(joined).where(delivery.c.due <= int(now))
    rows = connection.execute(query.order_by(delivery.c.due, delivery.c.id).limit(most))
    return [Delivery(*row) for row in rows]


def delivered(connection: Connection, message: Delivery) -> None:
    """It arrived."""
    connection.execute(delete(delivery).where(delivery.c.id == message.id))


def failed(connection: Connection, message: Delivery, now: float) -> bool:
    """It did not arrive; whether it will be tried again."""
    if message.attempts >= len(PAUSES):
        delivered(connection, message)
        return False
    later = {"attempts": message.attempts + 1, "due": int(now) + PAUSES[message.attempts]}
    connection.execute(update(delivery).where(delivery.c.id == message.id).values(later))
    return True


def _told(change: Affected) -> dict[str, object]:
    kind = "collector" if change.collector else "site"
    plain = json.dumps([problem.as_dict() for problem in change.problems], default=str)
    return {
        "type": f"{kind}.{'suspended' if change.stops else 'resumed'}",
        "site": change.site,
        **({"collector": change.collector} if change.collector else {}),
        "conflicts": json.loads(plain),
    }


def check_url(url: str) -> None:
    """Raise Refused `bad-shape` for an address to which nothing can be sent."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit("https:"), None
    plain = _URL.fullmatch(url) and len(url) <= LONGEST_URL and "@" not in parts.netloc
    if not (plain and parts.hostname and not parts.fragment and port != 0):
        raise Refused(Reason.BAD_SHAPE, _ADVICE)
    if not is_public_host(parts.hostname):
        raise Refused(Reason.BAD_SHAPE, _NOT_PUBLIC)
