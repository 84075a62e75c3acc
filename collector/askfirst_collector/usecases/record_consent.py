"""Answers of visitors become entries of the ledger; nothing takes effect before it stands there."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace

from askfirst.client import Decision, Recorded, Status
from askfirst.contracts.names import HANDLE
from askfirst.errors import CollectorUnavailable, Reason, Refused
from askfirst.spool.spool import rollback
from askfirst.terms.edition import Choice, Editions
from askfirst_collector.catalogue.notice_archive import notice_hash
from askfirst_collector.ledger.answers import ROLLBACK, Answered, answer, rolled_back
from askfirst_collector.ledger.entries import hour_of
from askfirst_collector.ledger.records import Body, Past
from askfirst_collector.services import Services
from askfirst_collector.usecases.grant_keys import link, settle

log = logging.getLogger("askfirst.collector")

SECONDS = 2.0  # a grant that is not recorded by then is not given
_STATUS: dict[str, Status] = {
    "grant": "granted",
    "change": "changed",
    "withdraw": "withdrawn",
}


class Attempt:
    """Whether a grant is still waited for: looked at once, right before it is on disk."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._late = False
        self._committed = False
        self.grants: Mapping[str, int] = {}  # what it adds to what was granted

    def commit(self) -> None:
        """Go on to the commit; CollectorUnavailable where nobody waits for it any more."""
        with self._lock:
            if self._late:
                raise CollectorUnavailable("the answer could not be recorded in time")
            self._committed = True

    def give_up(self) -> bool:
        """Wait no longer; whether it can still come to be recorded, or is."""
        with self._lock:
            self._late = True
            return self._committed


async def record(parts: Services, decision: Decision) -> Recorded:
    """Record a decision; returns once it is on disk and, for a withdrawal, true in every worker.

    Raises Refused, and CollectorUnavailable after 2 s: a grant is rolled back then.
    """
    attempt = Attempt()
    try:
        async with asyncio.timeout(SECONDS):
            return await asyncio.to_thread(record_now, parts, decision, attempt)
    except TimeoutError:
        _undo(parts, decision, attempt)
        raise CollectorUnavailable("the ledger did not answer in time") from None
    except BaseException:
        _undo(parts, decision, attempt)
        raise


def _undo(parts: Services, decision: Decision, attempt: Attempt) -> None:
    """Owe it to the ledger that a grant ends that its visitor will not be told of."""
    if not attempt.give_up() or not any(attempt.grants.values()):
        return
    try:
        # Not in a thread: whoever is cancelled here may not wait for one.
        parts.spool.add(rollback(replace(decision, choices=attempt.grants)))
    except CollectorUnavailable:
        log.error("askfirst.E132 a grant that came too late could not be taken back")


def record_now(parts: Services, decision: Decision, attempt: Attempt | None = None) -> Recorded:
    """`record`, for callers that are threads."""
    if not HANDLE.fullmatch(decision.handle):
        raise Refused(Reason.BAD_SHAPE, "send the handle as 64 hexadecimal digits")
    site = parts.registry.site(decision.site)
    if site is None:
        raise Refused(Reason.NO_SUCH_SITE, "publish a policy for this site first")
    answered: list[Answered] = []
    editions: list[Editions] = []

    def decide(past: Past) -> Body | None:
        # Read again under the write lock: no edition is published between this and the commit.
        current = parts.registry.site(decision.site) or site
        editions[:] = [current.editions]
        if decision.method == ROLLBACK:
            answered[:] = [_rolled_back(decision, past, now=parts.now())]
        else:
            answered[:] = [answer(decision, past, current.editions, notice_hash, now=parts.now())]
        if attempt is not None:
            attempt.grants = _added(past, answered[0])
        return answered[0].body

    def commits() -> None:
        if attempt is not None and any(attempt.grants.values()):
            attempt.commit()

    day = None
    if not decision.sized:
        # As an entry does, it counts to the day in which its hour begins.
        day = site.calendar.period_of("day", hour_of(parts.now()))
    past, new = parts.ledger.append(
        decision.site, decision.handle, decide, commits=commits, unsized_on=day
    )
    result = answered[0]
    if decision.method == ROLLBACK and past.latest is None:
        # Should the grant only come in now, delayed on its way, it finds a dead handle.
        parts.ledger.bar(decision.site, decision.handle)
    if new is None:
        # Perhaps the first withdrawal broke off before it was true everywhere. Of a handle that
        # nobody knows the same is read: how long an answer takes tells nobody which it was (M43).
        if past.ended and not past.settled:
            settle(parts, decision.site, decision.handle)
        return Recorded(result.choices, result.expires, None, "withdrawn")
    shown = editions[0].get(new.body["edition"]["number"])
    if shown is not None:
        parts.notices.archive(shown, new.body["language"])
    if new.body["status"] == "withdrawn":
        settle(parts, decision.site, decision.handle)
    else:
        link(parts, editions[0], decision.handle, result.choices, result.expires)
    return Recorded(
        result.choices,
        result.expires,
        parts.receipts.sign(new),
        _STATUS[new.body["kind"]],
    )


def _rolled_back(decision: Decision, past: Past, *, now: float) -> Answered:
    body = rolled_back(decision, past, now=now)
    choices = {} if past.latest is None else past.latest.choices
    gone = () if body is None else decision.choices
    remaining = {
        name: Choice(0 if name in gone else c.detail, c.edition) for name, c in choices.items()
    }
    return Answered(remaining, 0 if past.latest is None else past.latest.until, body)


def _added(past: Past, answered: Answered) -> dict[str, int]:
    """The details that an answer grants and that were not granted like that before."""
    old = {} if past.latest is None or past.ended else past.latest.choices
    return {n: c.detail for n, c in answered.choices.items() if c.detail and c != old.get(n)}
