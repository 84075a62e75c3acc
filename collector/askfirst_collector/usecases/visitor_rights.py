"""What visitors may ask of us with their receipt: see, restrict, erase (GDPR articles 15 to 20).

Whoever shows an unknown handle, or one that has ended, gets the answer of one we never heard of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from askfirst_collector.ledger.answers import ending, restriction
from askfirst_collector.ledger.entries import Entry, seconds_of
from askfirst_collector.ledger.transfers import transfers_since
from askfirst_collector.services import Services
from askfirst_collector.store.events import Row
from askfirst_collector.usecases.grant_keys import end_deliveries, pseudonyms, settle

# Article 11: what cannot be shown, and why not.
NOT_LINKABLE: tuple[Mapping[str, str], ...] = (
    {
        "what": "closed-periods",
        "reason": "When a period closes, the number by which its visits could be linked to you is "
        "destroyed.",
    },
    {
        "what": "no-pseudonym",
        "reason": "Page views that were agreed to without a pseudonym are stored without any "
        "link to you or to each other.",
    },
)
_NOTHING: Mapping[str, Any] = {
    "record": None,
    "receipt": None,
    "history": [],
    "rows": [],
    "deliveries": [],
    "not_linkable": [],
}


def me(parts: Services, site: str, handle: str) -> dict[str, Any]:
    """What is kept about a handle: its record, its receipt, and the rows still linked to it."""
    status = parts.ledger.consent_status(site, handle)
    history = parts.ledger.history(site, handle)
    if status is None or status.ended or not history:
        return dict(_NOTHING)
    rows = parts.events.of_pseudonyms(pseudonyms(parts, site, handle))
    # What waits under a pseudonym is a copy of one of these.
    rows += [row for row in parts.transfers.of_handle(site, handle) if row.pseudonym is None]
    return {
        "record": history[-1].body,
        "receipt": parts.receipts.sign(history[-1]),
        "history": [entry.body for entry in history],
        "rows": sorted(map(plain_row, rows), key=repr),
        "deliveries": list(_deliveries(parts, site, history)),
        "not_linkable": [dict(reason) for reason in NOT_LINKABLE],
    }


def erase(parts: Services, site: str, handle: str) -> None:
    """End the handle and remove what is linked to it: rows, key, entries. Twice is harmless.

    Each step finds the work of the one before on disk, so that a crash between them is mended by
    asking again. What is erased already, and what nobody knows, cost the same reads (M43).
    """
    past, _ = parts.ledger.append(site, handle, lambda past: ending(past, now=parts.now()))
    if past.latest is None:
        return
    settle(parts, site, handle)
    if past.ended:
        # It was withdrawn before, which keeps its rows until their period closes: they go too.
        parts.events.erase(pseudonyms(parts, site, handle))
    parts.ledger.erase(site, handle, generation=parts.events.generation())


def withdraw(parts: Services, site: str, handle: str) -> None:
    """End the handle as its visitor would; what nobody knows is left as it is."""
    past, _ = parts.ledger.append(
        site, handle, lambda past: ending(past, now=parts.now(), method="withdraw")
    )
    if past.latest is not None:
        settle(parts, site, handle)


def restrict(parts: Services, site: str, handle: str) -> None:
    """Keep what there is, store nothing more (article 18); a new grant lifts it."""
    _, new = parts.ledger.append(site, handle, lambda past: restriction(past, now=parts.now()))
    if new is not None:
        parts.events.barrier()
        end_deliveries(parts, site, handle)


def _deliveries(
    parts: Services, site: str, history: Sequence[Entry]
) -> Iterator[Mapping[str, Any]]:
    """Of the site's deliveries those that may have had something of who answered like this."""
    since = seconds_of(history[0].body["hour"])
    for body in transfers_since(parts.engine, site, since):
        # Of an answer only the hour is known: of those in the hour of a delivery each may count.
        within = [e.body for e in history if e.body["hour"] == body["hour"]]
        earlier = [e.body for e in history if e.body["hour"] < body["hour"]]
        if any(body["purpose"] in answer["granted"] for answer in (*earlier[-1:], *within)):
            names = ("hour", "message", "purpose", "recipient", "what")
            yield {name: body[name] for name in names}


def plain_row(row: Row) -> dict[str, Any]:
    """A row as whoever it is of is given it."""
    return {
        "collector": row.collector,  # a placed one; "" is the site itself
        "purpose": row.purpose,
        "period": row.period,  # its first day
        "closes": row.closes,
        "type": row.type,
        "values": {name: list(value) for name, value in row.values.items()},
    }
