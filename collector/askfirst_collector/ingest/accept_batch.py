"""One batch from a known sender: judged, made less precise, stored, answered."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence, Set
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from askfirst.contracts.drops import Drop
from askfirst.contracts.events import Event, EventBatch
from askfirst.errors import CollectorUnavailable
from askfirst.observe.event import DIRECT, Observer, Raw
from askfirst.observe.location import Locator
from askfirst.observe.network_sizes import NetworkSizes
from askfirst.observe.proxies import Proxies
from askfirst.terms.placed import Placed
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.ingest.authorize import is_active
from askfirst_collector.ingest.daily_limit import DailyLimit, SiteLimit
from askfirst_collector.ingest.idempotency import BatchNames, day_of
from askfirst_collector.ingest.placed_batch import PlacedBatch
from askfirst_collector.ingest.read_rows import DROP, Reading, Sender, drop_of
from askfirst_collector.ingest.responses import accepted
from askfirst_collector.ledger.entries import ConsentStatus
from askfirst_collector.store.events import (
    Authorized,
    Batch,
    EventStore,
    HandleEnded,
    PeriodClosed,
    PeriodKey,
    Row,
)
from askfirst_collector.store.salts import Salts

# Who sends what; raises Refused where it is not by the contract.
Read = Callable[[], tuple[Sender, EventBatch]]
# The placed collector with a write key, where it stands on pages of a site now.
PlacedOf = Callable[[Site, str], Placed | None]

TRIES = 3  # a choice that changes, or a period that closes, while a batch is written: once more


class StatusReader(Protocol):
    """How a handle stands now, exact in every worker."""

    def consent_status(self, site: str, handle: str) -> ConsentStatus | None:
        """None for an unknown handle."""
        ...


class IngestResult(Struct, frozen=True):
    """The body of the 202, and whether the receipt was valid."""

    body: bytes
    valid: bool


class _Judged(Struct):
    """The rows of a batch, and what was dropped of it."""

    site: Site
    day: int
    status: ConsentStatus
    now: float
    name: str
    is_awaited: Callable[[], bool]
    events: int = 0
    rows: list[Row] = field(default_factory=list)
    drops: list[Row] = field(default_factory=list)  # that only count why nothing is stored
    dropped: list[tuple[int, Drop]] = field(default_factory=list)


class _Reserved(Struct, frozen=True):
    """A batch to be written, and how many events of the receipt's day it takes."""

    batch: Batch
    site: Site
    count: int


class Intake:
    """Takes batches in. `place` and `proxies` find addresses; without, they are unknown."""

    def __init__(
        self,
        *,
        statuses: StatusReader,
        salts: Salts,
        store: EventStore,
        placed_of: PlacedOf,
        place: Locator | None = None,
        proxies: Proxies = DIRECT,
        daily: DailyLimit | None = None,
        networks: NetworkSizes | None = None,
    ) -> None:
        self._statuses = statuses
        self._salts = salts
        self._store = store
        self._placed_of = placed_of
        self._place = place
        self._proxies = proxies
        self._daily = daily or DailyLimit()
        self._networks = networks or NetworkSizes(urandom=os.urandom)
        self._sites = SiteLimit(store.rows_on)
        self._names = BatchNames(salts)

    async def take(self, read: Read, now: float, raw: Callable[[], Raw]) -> IngestResult:
        """Returns when what may be stored is on disk; else raises CollectorUnavailable.

        `raw` is called only for a valid receipt: before that nothing of the request is looked at.
        `read` is called again where it has to be judged anew: while rows wait to be written,
        nothing else of a request is kept, as Python's garbage collector goes through all that is.
        """
        closed: frozenset[PeriodKey] = frozenset()
        for _ in range(TRIES):
            judged = self._judge(*read(), now, raw, closed)
            if isinstance(judged, IngestResult):
                return judged
            await self._sites.look(judged.site, judged.day)
            reserved = self._reserve(judged)
            del judged
            if isinstance(reserved, IngestResult):
                return reserved
            batch, stored = reserved.batch, None
            try:
                stored = await self._store.append(batch)
            except HandleEnded:
                continue
            except PeriodClosed as error:
                closed |= error.keys
            else:
                return IngestResult(stored, valid=True)
            finally:
                if stored is not batch.answer:
                    self._give_back(reserved)
        raise CollectorUnavailable("choice or periods change faster than events are written")

    def _judge(
        self,
        sender: Sender,
        sent: EventBatch,
        now: float,
        raw: Callable[[], Raw],
        closed: Set[PeriodKey],
    ) -> IngestResult | _Judged:
        status = self._status(sender)
        if status is None or not is_active(sender.site, status, sender.signals):
            dropped = [(index, Drop.NO_GRANT) for index in range(len(sent.events))]
            return IngestResult(accepted(0, dropped), valid=False)
        judged = _Judged(sender.site, day_of(now), status, now, sent.name, sender.is_awaited)
        # A relay's own headers say nothing about the visitor.
        own = Raw({}, "", now) if sender.relay else raw()
        self._read_rows(sender, sent, own, judged, closed)
        # What came too late is answered to a retry as it was, though nothing is stored of it.
        if not judged.rows and not judged.drops and not closed:
            return IngestResult(accepted(0, judged.dropped), valid=True)
        return judged

    def _status(self, sender: Sender) -> ConsentStatus | None:
        if sender.handle is None:
            return None
        return self._statuses.consent_status(sender.site.name, sender.handle)

    def _read_rows(
        self, sender: Sender, sent: EventBatch, raw: Raw, judged: _Judged, closed: Set[PeriodKey]
    ) -> None:
        rows, dropped = judged.rows, judged.dropped
        # One of each kind, however many events.
        drops: dict[tuple[str, str, Drop], Row] = {}
        policy = sender.site.editions.current.policy
        observer = Observer(
            raw,
            place=self._place,
            proxies=self._proxies,
            own_origins=policy.origins,
            routes=policy.routes,
            clock=sender.site.calendar.clock,
        )
        placed = self._placed_batch(sender, sent)
        sized: dict[PeriodKey, bool] = {}
        reading = Reading(sender, judged.status, observer, self._salts, placed=placed)
        for index, event in enumerate(sent.events):
            row = reading.row(event)
            if isinstance(row, Drop):
                dropped.append((index, row))
            elif row.type == DROP:
                reason = Drop(row.values["action"][0])
                dropped.append((index, reason))
                if row.key not in closed:
                    row = self._sized(row, event, observer, sized)
                    drops[row.collector, row.purpose, reason] = row
            elif closed and row.key in closed:
                dropped.append((index, Drop.PERIOD_CLOSED))
            else:
                rows.append(self._sized(row, event, observer, sized))
        judged.events = len(sent.events)
        judged.drops.extend(drops.values())

    def _sized(
        self, row: Row, event: Event | None, observer: Observer, known: dict[PeriodKey, bool]
    ) -> Row:
        """The row as it counts towards sizes; `known` is of those before it in the request."""
        # A relay alone knows its visitors' networks.
        if event is not None and not event.is_sized and self._networks.most > 0:
            return replace(row, is_sized=False)
        is_sized = known.get(key := row.key)
        if is_sized is None:
            counted = key.site, key.collector, key.purpose, key.closes
            is_sized = known[key] = self._networks.is_sized(
                counted, key.period, row.pseudonym, observer.address
            )
        return row if is_sized else replace(row, is_sized=False)

    def _placed_batch(self, sender: Sender, sent: EventBatch) -> PlacedBatch | None:
        if not sent.collector:
            return None
        return sender.named(self._placed_of(sender.site, sent.collector))

    def _reserve(self, judged: _Judged) -> IngestResult | _Reserved:
        """What of it may be written today; an answer where nothing may."""
        site, day, status = judged.site, judged.day, judged.status
        rows, drops, dropped = judged.rows, judged.drops, judged.dropped
        storable = bool(rows or drops)
        reserved = self._daily.reserve(status.handle, day, len(rows) + len(drops) or 1)
        granted = min(reserved, len(rows))
        drops = drops[: reserved - granted]
        if granted < len(rows):
            dropped = _over(judged.events, granted, dropped, Drop.OVER_LIMIT)
        fitting = self._sites.reserve(site, day, rows[:granted])
        if fitting < granted:
            dropped = _over(judged.events, fitting, dropped, Drop.SITE_FULL)
            drops = [*drops, *_counted(rows[fitting:granted])]
        # What only counts may go a little further, or nobody would see that the site is full.
        drops = drops[: self._sites.reserve(site, day, drops, spare=True)]
        granted_rows = (*rows[:fitting], *drops)
        answer = accepted(fitting, dropped)
        if not reserved or (storable and not granted_rows):
            self._daily.give_back(status.handle, day, reserved)
            return IngestResult(answer, valid=True)
        name, *earlier = self._names.names(status.handle, judged.name, judged.now)
        entry = Authorized(status.site, status.handle, status.index)
        batch = Batch(entry, day, name, granted_rows, answer, tuple(earlier), judged.is_awaited)
        return _Reserved(batch, site, reserved)

    def _give_back(self, reserved: _Reserved) -> None:
        """Nothing was stored: a retry, or the store is away."""
        batch = reserved.batch
        self._daily.give_back(batch.judged.handle, batch.day, reserved.count)
        self._sites.give_back(reserved.site, batch.day, batch.rows)


def _counted(rows: Sequence[Row]) -> list[Row]:
    """One row of each purpose that counts that the site is full."""
    return [
        drop_of(row, Drop.SITE_FULL)
        for row in {(row.collector, row.purpose): row for row in rows}.values()
    ]


def _over(
    events: int, granted: int, dropped: list[tuple[int, Drop]], reason: Drop
) -> list[tuple[int, Drop]]:
    """The drops of a batch of which only the first `granted` storable events are stored."""
    reasons = dict(dropped)
    storable = [index for index in range(events) if index not in reasons]
    reasons |= dict.fromkeys(storable[granted:], reason)
    return sorted(reasons.items())
