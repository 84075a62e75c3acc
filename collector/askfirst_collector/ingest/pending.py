"""What is pending for the ledger: kept while it is away, told when it is back, true meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Set
from contextlib import suppress
from typing import Any

from askfirst.client import Handle, PendingEntry
from askfirst.errors import CollectorUnavailable, Reason, Refused
from askfirst.spool.pending import replay
from askfirst.spool.spool import Spool, taken_back
from askfirst_collector.ledger.entries import ERASE, ConsentStatus, is_unused, mark_of
from askfirst_collector.ledger.records import Ledger
from askfirst_collector.services import Services
from askfirst_collector.store.events import Authorized
from askfirst_collector.store.turns import OnceATurn
from askfirst_collector.usecases import record_consent as consents
from askfirst_collector.usecases import visitor_rights as rights

SECONDS = 2.0  # that writers of events may take to hear of what was written down


class EventConsentStatuses:
    """How handles stand for their events: nothing is stored while the end of a grant is pending."""

    def __init__(self, ledger: Ledger, spool: Spool) -> None:
        self.ledger = ledger
        self.spool = spool
        self._owing = OnceATurn(spool.owing)

    def consent_status(self, site: str, handle: Handle) -> ConsentStatus | None:
        """As the ledger says; None for an unknown handle, and for one with anything pending.

        As of what the running event loop has heard of by now (see `OnceATurn`).
        """
        if handle in self._owing():
            return None
        return self.ledger.consent_status(site, handle, heard=True)

    def ended(self, judged: Collection[Authorized]) -> Set[Authorized]:
        """Those not as they were judged any more; asked inside the transaction of the events."""
        owing = self.spool.owing()
        if not owing:
            return self.ledger.ended(judged)
        pending = {authorized for authorized in judged if authorized.handle in owing}
        return pending | self.ledger.ended(
            [authorized for authorized in judged if authorized not in pending]
        )

    def gone(self, judged: Collection[Authorized]) -> Set[Authorized]:
        """Those whose rows may be stored no more: erased since, or of nobody the ledger knows.

        What was accepted before a withdrawal or a restriction stays (GDPR articles 7(3), 18), but
        for what was restricted when it ended.
        """
        # Those that stand as they were judged are looked up at once.
        return {authorized for authorized in self.ledger.ended(judged) if self._is_gone(authorized)}

    def _is_gone(self, judged: Authorized) -> bool:
        status = self.ledger.consent_status(judged.site, judged.handle)
        if status is None or not status.ended:
            return status is None
        history = self.ledger.history(judged.site, judged.handle)
        return not history or history[-1].body["method"] == ERASE or is_unused(history)


async def owe(spool: Spool, parts: Services | None, entry: PendingEntry) -> None:
    """Write it down; nothing of the handle is stored from then on, in any worker.

    `parts` is None where nothing could be opened. Raises CollectorUnavailable where it cannot
    be written, and Refused where the ledger can be read and knows no such grant.
    """
    if parts is not None and parts.machines is not None:
        # On this disk alone, no other machine would know of it.
        raise CollectorUnavailable("the ledger is away from this machine: try another")
    known = parts is not None and await asyncio.to_thread(_is_known, parts, entry)
    await asyncio.to_thread(spool.add, entry, known=known)
    if parts is not None:
        if known:
            with suppress(CollectorUnavailable):
                await asyncio.to_thread(_note, parts, entry)
        # Whoever looked before it was there has written when the barrier is passed; where it
        # cannot be passed, nobody writes events now.
        with suppress(CollectorUnavailable, TimeoutError):
            async with asyncio.timeout(SECONDS):
                await asyncio.to_thread(parts.events.barrier)


def _note(parts: Services, entry: PendingEntry) -> None:
    """A copy of the folder that is put back has another spool: the log knows what was pending."""
    purposes = taken_back(entry)
    if purposes is not None and not purposes:
        return
    record: dict[str, Any] = {"mark": mark_of(entry.site, entry.handle).hex()}
    if entry.kind == "restrict":
        record |= {"do": "restrict", "choices": {}}
    elif purposes is not None:
        record |= {"do": "change", "choices": dict.fromkeys(sorted(purposes), 0)}
    else:
        record["do"] = "erase" if entry.kind == "erase" else "end"
    parts.revocations.append(record)


def _is_known(parts: Services, entry: PendingEntry) -> bool:
    try:
        if parts.ledger.latest(entry.site, entry.handle) is None:
            raise Refused(Reason.NO_RECEIPT, "nothing is known of this receipt")
        past = parts.ledger.past(entry.site, entry.handle)
    except CollectorUnavailable:
        return False
    # An end that is not true everywhere yet, as the salts were away, is owed for as long.
    is_over = past.ended and (past.settled or entry.kind != "answer")
    if is_over and entry.kind != "erase":
        raise Refused(Reason.HANDLE_ENDED, "this grant has ended already")
    return True


async def tell_all(parts: Services, handle: Handle | None = None) -> bool:
    """Tell the ledger what is pending; whether nothing is left. Raises CollectorUnavailable."""

    async def tell(entry: PendingEntry) -> None:
        await asyncio.to_thread(_tell, parts, entry)

    return await replay(parts.spool, tell, handle)


def _tell(parts: Services, entry: PendingEntry) -> None:
    if entry.decision is not None:
        consents.record_now(parts, entry.decision)
    elif entry.kind == "erase":
        rights.erase(parts, entry.site, entry.handle)
    else:
        rights.restrict(parts, entry.site, entry.handle)


def deliver_pending(parts: Services, now: float) -> None:
    """The job: whatever process left it."""
    if parts.spool.handles():
        asyncio.run(tell_all(parts))
