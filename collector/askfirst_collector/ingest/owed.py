"""What the ledger is owed: written down while it is away, told when it is back, true meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Set
from contextlib import suppress
from dataclasses import dataclass

from askfirst.client import Handle, Owed
from askfirst.errors import CollectorAway, Reason, Refused
from askfirst.spool.pending import replay
from askfirst.spool.spool import Spool
from askfirst_collector.ledger.entries import Standing
from askfirst_collector.ledger.records import Ledger
from askfirst_collector.services import Parts
from askfirst_collector.store.events import Judged
from askfirst_collector.usecases import record_consent as consents
from askfirst_collector.usecases import visitor_rights as rights

SECONDS = 2.0  # that writers of events may take to hear of what was written down


@dataclass(frozen=True)
class EventStandings:
    """How handles stand for their events: nothing is stored while the end of a grant is owed."""

    ledger: Ledger
    spool: Spool

    def standing(self, site: str, handle: Handle) -> Standing | None:
        """As the ledger says; None for an unknown handle, and for one with anything owed."""
        return None if self.spool.owes(handle) else self.ledger.standing(site, handle)

    def ended(self, judged: Collection[Judged]) -> Set[Judged]:
        """Those not as they were judged any more; asked inside the transaction of the events."""
        owed = {handle_state for handle_state in judged if self.spool.owes(handle_state.handle)}
        return owed | self.ledger.ended(
            [handle_state for handle_state in judged if handle_state not in owed]
        )


async def owe(spool: Spool, parts: Parts | None, entry: Owed) -> None:
    """Write it down; nothing of the handle is stored from then on, in any worker.

    `parts` is None where nothing could be opened. Raises CollectorAway where it cannot be written,
    and Refused where the ledger can be read and knows no such grant.
    """
    known = parts is not None and await asyncio.to_thread(_is_known, parts, entry)
    await asyncio.to_thread(spool.add, entry, known=known)
    if parts is not None:
        # Whoever looked before it was there has written when the barrier is passed; where it
        # cannot be passed, nobody writes events now.
        with suppress(CollectorAway, TimeoutError):
            async with asyncio.timeout(SECONDS):
                await asyncio.to_thread(parts.events.barrier)


def _is_known(parts: Parts, entry: Owed) -> bool:
    try:
        if parts.ledger.latest(entry.site, entry.handle) is None:
            raise Refused(Reason.NO_RECEIPT, "nothing is known of this receipt")
        ended = parts.ledger.has_ended(entry.site, entry.handle)
    except CollectorAway:
        return False
    if ended and entry.kind != "erase":
        raise Refused(Reason.HANDLE_ENDED, "this grant has ended already")
    return True


async def tell_all(parts: Parts, handle: Handle | None = None) -> bool:
    """Tell the ledger what it is owed; whether nothing is left. Raises CollectorAway."""

    async def tell(entry: Owed) -> None:
        await asyncio.to_thread(_tell, parts, entry)

    return await replay(parts.spool, tell, handle)


def _tell(parts: Parts, entry: Owed) -> None:
    if entry.decision is not None:
        consents.record_now(parts, entry.decision)
    elif entry.kind == "erase":
        rights.erase(parts, entry.site, entry.handle)
    else:
        rights.restrict(parts, entry.site, entry.handle)


def tell_owed(parts: Parts, now: float) -> None:
    """The job: whatever process left it."""
    if parts.spool.handles():
        asyncio.run(tell_all(parts))
