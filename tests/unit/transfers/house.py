"""A site whose statistics name a recipient, visitors who agreed to it, and who listens there."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from askfirst.client import Method
from askfirst.terms.attributes import Value
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.transfers import Transfer, transfers_of
from askfirst_collector.ledger.packed import unpack
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.dictionary import time_value
from askfirst_collector.store.events import Authorized, Batch, Row
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.transfers.deliver import deliver_transfers
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.transfers import create_transfer
from askfirst_collector.webhooks.pinned_http import Poster
from tests.support.collectors import decision, read_beside
from tests.support.draws import no_noise
from tests.unit.closing.house import DAY, Clock, handle_of, key_of, noon, policy, row
from tests.unit.jobs.listener import Listener

CHARTS = {"name": "Tide Charts Ltd", "role": "processor", "country": "IE"}
NAME = CHARTS["name"]
HOUR = 3_600  # seconds
SEEN: Mapping[str, Value] = {"page": ("/blog", "/blog/one"), "screen": ("desktop",)}


def named(name: str = "standard", **statistics: Any) -> Policy:
    """A policy whose statistics name Tide Charts Ltd, with other terms."""
    return policy(name, **{"recipients": [CHARTS], **statistics})


@contextmanager
def shop(
    folder: Path,
    clock: Clock,
    published: Policy | None = None,
    *,
    urandom: Callable[[int], bytes] = no_noise,
) -> Iterator[Services]:
    """The parts of a collector with the site `shop`; figures have no noise."""
    parts = open_services(folder, host_policy=None, now=clock, urandom=urandom)
    try:
        parts.registry.publish(published or named())
        yield parts
    finally:
        close_services(parts)


def answer(parts: Services, visitor: int, choices: Mapping[str, int] | None = None) -> None:
    """What a visitor answers to the edition of now: all of it, or nothing at all with {}."""
    site = parts.registry.site("shop")
    assert site is not None
    given = {"statistics": 2} if choices is None else choices
    policy = site.editions.current.policy
    method: Method = "save" if given else "withdraw"
    record_now(parts, decision(policy, method, given, handle=handle_of(visitor)))


def visit(
    parts: Services,
    visitor: int,
    values: Mapping[str, Value] = SEEN,
    *,
    type: str = "page_view",
    pseudonym: bool = True,
) -> None:
    """An event of a visitor who agreed, in this hour, accepted as ingest would."""
    status = parts.ledger.consent_status("shop", handle_of(visitor))
    assert status is not None
    day = key_of(IN_UTC.period_of("day", parts.now()))
    values = {"time": time_value(int(parts.now()), 2), **values}
    whose = visitor if pseudonym else None
    accept(parts, visitor, status.index, [row(parts, whose, values, day, type=type)])


def accept(
    parts: Services, visitor: int, index: int, rows: Sequence[Row], *, site: str = "shop"
) -> None:
    """Rows that were judged by an entry of the ledger."""
    judged = Authorized(site, handle_of(visitor), index)
    day = int(parts.now()) // DAY
    batch = Batch(judged, day, os.urandom(32), tuple(rows), b"{}")
    asyncio.run(parts.events.append(batch))


def deliver_to(
    parts: Services, listener: Listener, *, what: str = "events", **other: Any
) -> tuple[Transfer, str]:
    """Set up a delivery to the listener; the delivery, and its secret."""
    values = {"purpose": "statistics", "recipient": NAME, "way": "webhook"}
    url = listener.url("/in")
    return create_transfer(
        parts, ON_THE_MACHINE, "shop", **{**values, "what": what, "url": url, **other}
    )


def poster(listener: Listener) -> Poster:
    """One for which the listener is the public net."""
    return Poster(resolve=lambda *_: ["127.0.0.1"], allowed=lambda _: True, tls=listener.trusting())


def run(parts: Services, listener: Listener) -> int:
    """One round of the job, at the next full hour and a minute; how much arrived."""
    parts.events.drain()
    clock = parts.now
    assert isinstance(clock, Clock)
    clock.now = clock.now // HOUR * HOUR + HOUR + 60
    came, failures = len(listener.came), len(listener.answers)
    deliver_transfers(parts, parts.now(), poster=poster(listener))
    failed = failures - len(listener.answers)  # what is answered by itself is 204
    return len(listener.came) - came - failed


def messages(listener: Listener) -> list[dict[str, Any]]:
    """What came."""
    return [json.loads(body) for _, _, body in listener.came]


def said(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its events without their time."""
    return [
        {name: value for name, value in event.items() if name != "time"}
        for event in message["events"]
    ]


def entries(parts: Services) -> list[dict[str, Any]]:
    """The entries of deliveries in the ledger."""
    with parts.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM entry WHERE kind = 'transfer'")
        return [json.loads(unpack(body, None)) for (body,) in rows]


def state_of(parts: Services) -> Transfer:
    """The one delivery, as it stands."""
    (entry,) = transfers_of(parts.engine, "shop")
    return entry


def left(parts: Services) -> bytes:
    """Every byte of the file of what waits."""
    return read_beside(*parts.folder.path.glob("transfers.db*"))


__all__ = ["Clock", "handle_of", "noon"]
