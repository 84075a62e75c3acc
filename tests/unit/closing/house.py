"""A collector's real parts in a folder, a clock that is moved by hand, and rows put in directly."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import askfirst_collector.jobs.run  # noqa: F401 - its tables
from askfirst.terms.attributes import Value
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.events import Authorized, Batch, PeriodKey, Row
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.store.salts import pseudonym
from tests.support.collectors import Clock, believe_every_batch, read_beside
from tests.support.draws import no_noise
from tests.support.policies import every_purpose

DAY = 86_400
MONDAY = "2026-11-16"


def policy(name: str = "standard", **statistics: Any) -> Policy:
    """A shipped policy for the site `shop` with some terms of its statistics changed."""
    document = copy.deepcopy(dict(every_purpose(name).document))
    document["site"] = "shop"
    document["purposes"]["statistics"] |= statistics
    return read_policy(document)


@contextmanager
def opened(
    folder: Path,
    clock: Clock,
    published: Policy | None = None,
    *,
    urandom: Callable[[int], bytes] = no_noise,
    events: str | None = None,
) -> Iterator[Services]:
    """The parts, with one site; the event store believes every batch, figures have no noise."""
    parts = open_services(folder, host_policy=None, now=clock, urandom=urandom, events=events)
    believe_every_batch(parts)
    try:
        parts.registry.publish(published or policy())
        yield parts
    finally:
        close_services(parts)


def key_of(period: str = MONDAY, closes: str = "day", purpose: str = "statistics") -> PeriodKey:
    """A period of the site `shop`."""
    return PeriodKey("shop", "", purpose, closes, period)


def handle_of(visitor: int) -> str:
    """The handle of a made-up visitor."""
    return hashlib.sha256(b"%d" % visitor).hexdigest()


def row(
    parts: Services,
    visitor: int | None,
    values: Mapping[str, Value],
    key: PeriodKey | None = None,
    *,
    type: str = "page_view",
    size: int = 5,
    retention: int = 365,
    keep: int = 0,
    lasting: bool = False,
) -> Row:
    """A row as ingest would make it, pseudonym and all."""
    key = key or key_of()
    name = None
    if visitor is not None:
        handle = handle_of(visitor)
        salt = (
            parts.salts.new_grant_key(handle)
            if lasting
            else parts.salts.period(
                key.site, key.closes, key.period, IN_UTC.end_of(key.closes, key.period)
            )
        )
        name = pseudonym(salt, key.site, key.purpose, key.collector, handle)
    fields = (key.site, key.collector, key.purpose, key.closes, key.period)
    return Row(*fields, type, dict(values), name, size, retention, keep)


def store(parts: Services, rows: Iterable[Row]) -> None:
    """Append rows as one batch."""
    day = int(parts.now()) // DAY
    batch = Batch(Authorized("shop", "0" * 64, 0), day, os.urandom(16), tuple(rows), b"{}")
    asyncio.run(parts.events.append(batch))


def crowd(parts: Services, count: int, start: int = 0, **values: Value) -> list[Row]:
    """One page view of each of `count` visitors."""
    return [row(parts, start + number, values) for number in range(count)]


def noon(period: str = MONDAY) -> float:
    """Noon of a period's first day."""
    return IN_UTC.start_of(period) + DAY / 2


def after(period: str = MONDAY, days: int = 1) -> float:
    """Ten minutes after a period of that many days."""
    return IN_UTC.start_of(period) + days * DAY + 600


def raw_files(folder: Path) -> bytes:
    """Every byte of every file in a folder."""
    return read_beside(*(path for path in sorted(folder.rglob("*")) if path.is_file()))
