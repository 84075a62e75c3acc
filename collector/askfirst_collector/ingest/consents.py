"""Answers of visitors become entries of the ledger; nothing takes effect before it stands there."""

from __future__ import annotations

import asyncio
import re

from askfirst.client import Decision, Recorded, Status
from askfirst.errors import CollectorAway, Refused
from askfirst.terms.edition import Choice, Editions
from askfirst_collector.ledger.answers import Answered, answer
from askfirst_collector.ledger.entries import mark_of
from askfirst_collector.ledger.records import Body, Past
from askfirst_collector.parts import Parts
from askfirst_collector.registry.notices import notice_hash

HANDLE = re.compile(r"[0-9a-f]{64}")
SECONDS = 2.0  # a grant that is not recorded by then is not given
_STATUS: dict[str, Status] = {
    "grant": "granted",
    "change": "changed",
    "withdraw": "withdrawn",
}


async def record(parts: Parts, decision: Decision) -> Recorded:
    """Record a decision; returns once it is on disk and, for a withdrawal, true in every worker.

    Raises Refused, and CollectorAway where it took longer than 2 s.
    """
    try:
        async with asyncio.timeout(SECONDS):
            return await asyncio.to_thread(record_now, parts, decision)
    except TimeoutError:
        raise CollectorAway("the ledger did not answer in time") from None


def record_now(parts: Parts, decision: Decision) -> Recorded:
    """`record`, for callers that are threads."""
    if not HANDLE.fullmatch(decision.handle):
        raise Refused("bad-shape", "send the handle as 64 hexadecimal digits")
    site = parts.registry.site(decision.site)
    if site is None:
        raise Refused("no-such-site", "publish a policy for this site first")
    answered: list[Answered] = []
    editions: list[Editions] = []

    def decide(past: Past) -> Body | None:
        # Read again under the write lock: no edition is published between this and the commit.
        current = parts.registry.site(decision.site) or site
        editions[:] = [current.editions]
        answered[:] = [answer(decision, past, current.editions, notice_hash, now=parts.now())]
        return answered[0].body

    past, new = parts.ledger.append(decision.site, decision.handle, decide)
    result = answered[0]
    if new is None:
        if past.ended:
            # Perhaps the first withdrawal broke off before it was true everywhere.
            settle(parts, decision.site, decision.handle)
        return Recorded(result.choices, result.expires, None, "withdrawn")
    shown = editions[0].get(new.body["edition"]["number"])
    if shown is not None:
        parts.notices.archive(shown, new.body["language"])
    if new.body["status"] == "withdrawn":
        settle(parts, decision.site, decision.handle)
    elif any(_links(editions[0], *each) for each in result.choices.items()):
        parts.salts.new_grant_key(decision.handle, due=result.expires)
    return Recorded(
        result.choices,
        result.expires,
        parts.receipts.sign(new),
        _STATUS[new.body["kind"]],
    )


def settle(parts: Parts, site: str, handle: str) -> None:
    """Make an ending in the ledger true in every worker and for good, then destroy the grant's key.

    Whatever wrote rows under the ledger as it was before has ended when `barrier` returns;
    whatever writes later reads the ledger inside its own transaction.
    """
    parts.events.barrier()
    parts.salts.note_ended(mark_of(site, handle), newest=parts.ledger.newest())
    parts.salts.end_grant(handle)


def _links(editions: Editions, purpose: str, choice: Choice) -> bool:
    """Whether the visitor agreed to a pseudonym that lives as long as the grant."""
    edition = editions.get(choice.edition)
    agreed = edition.purpose(purpose) if edition is not None else None
    return agreed is not None and agreed.terms.at(choice.detail).scope.level("visitor") >= 2
