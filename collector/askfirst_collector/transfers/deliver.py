"""The job: what is due is delivered, signed, and tried again with pauses.

Nothing is sent before it stands in the ledger: its entry is made once the other side is there,
right before the first byte goes, and so is the question who still agrees. Where this ends between
the two, the entry says more than was sent, never less. A message keeps its id at every attempt, so
that a receiver can tell one that came twice.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from askfirst.errors import AskfirstError
from askfirst.terms.canonical import canonical
from askfirst.terms.terms import Recipient
from askfirst_collector.catalogue.transfers import (
    Transfer,
    due_transfers,
    note_arrival,
    note_failure,
    note_nothing,
    transfers_of,
)
from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.catalogue.webhook_queue import Delivery
from askfirst_collector.ledger.entries import ConsentStatus
from askfirst_collector.ledger.transfers import record_transfer
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed_ranges import next_tables, shown_paths
from askfirst_collector.transfers import events, figures, s3
from askfirst_collector.webhooks.deliver import signed
from askfirst_collector.webhooks.pinned_http import Poster, Unreachable

log = logging.getLogger("askfirst.collector")

MOST = 1_000  # events in one delivery
HOUR = 3_600  # seconds; what was waited for in one goes after its end
MINUTE = 60  # seconds after which is looked for another closed period; past a full hour
SECONDS = 20.0  # after which a round begins no other: jobs that destroy keys must not wait

Message = Mapping[str, Any]


class NothingLeft(AskfirstError):
    """Nobody agrees to it any more, or it was ended."""


def deliver_transfers(parts: Services, now: float, *, poster: Poster | None = None) -> None:
    """Make every delivery whose time has come. Any 2xx says that one arrived."""
    parts.transfers.forget_due(now)
    poster = poster or Poster()
    began = time.monotonic()
    for entry in due_transfers(parts.engine, now):
        deliver = _deliver_events if entry.what == "events" else _deliver_figures
        rest: Transfer | None = entry
        # What is of a site that cannot be read waits for that, and holds up no other.
        with suppress(Unreadable):
            while rest is not None and time.monotonic() - began <= SECONDS:
                rest = deliver(parts, rest, now, poster)


def _deliver_figures(
    parts: Services, entry: Transfer, now: float, poster: Poster
) -> Transfer | None:
    """Deliver the oldest closed period that was not; None where that did not arrive, or is none."""
    period = next_tables(parts.engine, entry.site, entry.purpose, entry.upto, now)
    if period is None or _named(parts, entry) is None:
        # What closes while the policy names nobody is not made up for.
        entry = entry if period is None else replace(entry, upto=period.number)
        note_nothing(parts.engine, entry, now + MINUTE)
        return None
    # Of the same period and delivery the same, wherever it is tried.
    digest = hashlib.sha256(f"{entry.id} {period.closes} {period.period}".encode()).hexdigest()
    id = f"msg_{digest[:32]}"
    body = canonical(_message(entry, figures.written(period)))
    about = {"period": period.period, "closes": period.closes, "visitors": period.totals.visitors}

    def content() -> tuple[Mapping[str, str], bytes]:
        recipient = _named(parts, entry)
        if recipient is None:
            raise NothingLeft
        _record(parts, entry, id, recipient, lambda: about)
        return _headers(parts, entry, id, body), body

    try:
        if not _send(parts, entry, id, content, now, poster):
            return None
    except NothingLeft:
        return None  # the next round sees why
    entry = replace(entry, upto=period.number, attempts=0)
    note_arrival(parts.engine, entry, now)
    return entry


def _deliver_events(
    parts: Services, entry: Transfer, now: float, poster: Poster
) -> Transfer | None:
    """Deliver the next events that wait; None where they did not arrive, or there are none."""
    id = parts.transfers.message(entry.id, MOST)
    if id is None:
        note_nothing(parts.engine, entry, now // HOUR * HOUR + HOUR + MINUTE)
        return None

    def content() -> tuple[Mapping[str, str], bytes]:
        judged = _judged(parts, entry, id)
        if not judged:
            raise NothingLeft
        recipient = judged[0].recipient
        shown = partial(shown_paths, parts.engine, entry.site)
        message = {"events": events.written(judged, shown)}
        _record(parts, entry, id, recipient, lambda: events.counts(judged, parts.urandom))
        body = canonical(_message(entry, message))
        return _headers(parts, entry, id, body), body

    try:
        # Where nobody agrees any more, no connection is made.
        if not _judged(parts, entry, id):
            raise NothingLeft
        if not _send(parts, entry, id, content, now, poster):
            return None
    except NothingLeft:
        parts.transfers.forget_message(entry.id, id)
        return entry
    parts.transfers.forget_message(entry.id, id)
    entry = replace(entry, attempts=0)
    note_arrival(parts.engine, entry, now)
    return entry


def _judged(parts: Services, entry: Transfer, id: str) -> list[events.AgreedEvent]:
    """What may be delivered of a message now; the rest is destroyed."""
    waiting = parts.transfers.rows(entry.id, id)
    site = parts.registry.site(entry.site)
    judged = events.agreed_events(waiting, site, entry.recipient, partial(_status, parts))
    remaining = {one.waiting.name for one in judged}
    gone = [one.name for one in waiting if one.name not in remaining]
    if gone:
        parts.transfers.remove(entry.id, gone)
    return judged


def _status(parts: Services, site: str, handle: str) -> ConsentStatus | None:
    """How a handle stands; None where an ending of it is owed to the ledger."""
    return None if parts.spool.owes(handle) else parts.ledger.consent_status(site, handle)


def _named(parts: Services, entry: Transfer) -> Recipient | None:
    return figures.named(parts.registry.site(entry.site), entry.purpose, entry.recipient)


def _message(entry: Transfer, content: Message) -> dict[str, Any]:
    whose = {"site": entry.site, "purpose": entry.purpose, "recipient": entry.recipient}
    return {"type": f"askfirst.{entry.what}", **whose, **content}


def _record(
    parts: Services, entry: Transfer, id: str, recipient: Recipient, about: Callable[[], Message]
) -> None:
    def body() -> Message:
        return {
            "message": id,
            "purpose": entry.purpose,
            "recipient": {
                "name": recipient.name,
                "role": recipient.role,
                "country": recipient.country,
            },
            "what": entry.what,
            **about(),
        }

    record_transfer(parts.engine, id, entry.site, body, now=parts.now(), urandom=parts.urandom)


def _headers(parts: Services, entry: Transfer, id: str, body: bytes) -> Mapping[str, str]:
    if entry.way == "webhook":
        return signed(Delivery(id, entry.url, entry.secret, body, entry.attempts), parts.now())
    return s3.signed_put(
        _address(entry, id),
        body,
        key_id=entry.key_id,
        secret=entry.secret.decode(),
        region=entry.region,
        now=parts.now(),
    )


def _address(entry: Transfer, id: str) -> str:
    return entry.url if entry.way == "webhook" else s3.object_url(entry.url, f"{id}.json")


def _send(
    parts: Services,
    entry: Transfer,
    id: str,
    content: Callable[[], tuple[Mapping[str, str], bytes]],
    now: float,
    poster: Poster,
) -> bool:
    """Whether it arrived; else it is noted when it is tried again. Raises NothingLeft."""
    method = "POST" if entry.way == "webhook" else "PUT"

    def stands() -> tuple[Mapping[str, str], bytes]:
        if all(other.id != entry.id for other in transfers_of(parts.engine, entry.site)):
            raise NothingLeft
        return content()

    try:
        status = poster.send(method, _address(entry, id), stands)
        fault = "" if 200 <= status < 300 else str(status)
    except Unreachable as error:
        fault = str(error)
    if fault:
        note_failure(parts.engine, entry, fault, now)
        log.warning("askfirst.W175 %s did not arrive: %s", id, fault)
    return not fault
