"""One batch from a known sender: judged, made less precise, stored, answered."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

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

# The placed collector with a write key, where it stands on pages of a site now.
PlacedOf = Callable[[Site, str], Placed | None]

TRIES = 3  # a choice that changes, or a period that closes, while a batch is written: once more


class StatusReader(Protocol):
    """How a handle stands now, exact in every worker."""

    def consent_status(self, site: str, handle: str) -> ConsentStatus | None:
        """None for an unknown handle."""
        ...


@dataclass(frozen=True, slots=True)
class IngestResult:
    """The body of the 202, and whether the receipt was valid."""

    body: bytes
    valid: bool


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

    async def take(
        self, sender: Sender, sent: EventBatch, now: float, raw: Callable[[], Raw]
    ) -> IngestResult:
        """Returns when what may be stored is on disk; else raises CollectorUnavailable.

        `raw` is called only for a valid receipt: before that nothing of the request is looked at.
        """
        closed: frozenset[PeriodKey] = frozenset()
        for _ in range(TRIES):
            status = self._status(sender)
            if status is None or not is_active(sender.site, status, sender.signals):
                dropped = [(index, Drop.NO_GRANT) for index in range(len(sent.events))]
                return IngestResult(accepted(0, dropped), valid=False)
            try:
                body = await self._store_batch(sender, status, sent, now, raw, closed)
            except HandleEnded:
                continue
            except PeriodClosed as error:
                closed |= error.keys
            else:
                return IngestResult(body, valid=True)
        raise CollectorUnavailable("choice or periods change faster than events are written")

    def _status(self, sender: Sender) -> ConsentStatus | None:
        if sender.handle is None:
            return None
        return self._statuses.consent_status(sender.site.name, sender.handle)

    async def _store_batch(
        self,
        sender: Sender,
        status: ConsentStatus,
        sent: EventBatch,
        now: float,
        raw: Callable[[], Raw],
        closed: Set[PeriodKey],
    ) -> bytes:
        rows: list[Row] = []
        dropped: list[tuple[int, Drop]] = []
        # One of each kind, however many events.
        drops: dict[tuple[str, str, Drop], Row] = {}
        policy = sender.site.editions.current.policy
        # A relay's own headers say nothing about the visitor.
        observer = Observer(
            Raw({}, "", now) if sender.relay else raw(),
            place=self._place,
            proxies=self._proxies,
            own_origins=policy.origins,
            routes=policy.routes,
            clock=sender.site.calendar.clock,
        )
        placed = self._placed_batch(sender, sent)
        sized: dict[PeriodKey, bool] = {}
        reading = Reading(sender, status, observer, self._salts, placed=placed)
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
        # What came too late is answered to a retry as it was, though nothing is stored of it.
        if not rows and not drops and not closed:
            return accepted(0, dropped)
        counted = list(drops.values())
        return await self._append(sender, status, sent, now, rows, dropped, counted)

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

    async def _append(
        self,
        sender: Sender,
        status: ConsentStatus,
        sent: EventBatch,
        now: float,
        rows: Sequence[Row],
        dropped: list[tuple[int, Drop]],
        drops: Sequence[Row],
    ) -> bytes:
        site, day = sender.site, day_of(now)
        storable = bool(rows or drops)
        reserved = self._daily.reserve(status.handle, day, len(rows) + len(drops) or 1)
        granted = min(reserved, len(rows))
        drops = drops[: reserved - granted]
        if granted < len(rows):
            dropped = _over(len(sent.events), granted, dropped, Drop.OVER_LIMIT)
        fitting = await self._sites.reserve(site, day, rows[:granted])
        if fitting < granted:
            dropped = _over(len(sent.events), fitting, dropped, Drop.SITE_FULL)
            drops = [*drops, *_counted(rows[fitting:granted])]
        # What only counts may go a little further, or nobody would see that the site is full.
        drops = drops[: await self._sites.reserve(site, day, drops, spare=True)]
        granted_rows = (*rows[:fitting], *drops)
        answer = accepted(fitting, dropped)
        if not reserved or (storable and not granted_rows):
            self._daily.give_back(status.handle, day, reserved)
            return answer
        name, *earlier = self._names.names(status.handle, sent.name, now)
        judged = Authorized(status.site, status.handle, status.index)
        new = False
        try:
            batch = Batch(
                judged, day, name, granted_rows, answer, tuple(earlier), sender.is_awaited
            )
            stored = await self._store.append(batch)
            new = stored is answer
        finally:
            if not new:
                self._daily.give_back(status.handle, day, reserved)
                self._sites.give_back(site, day, granted_rows)
        return stored


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
