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
from askfirst.terms.edition import Choice, Edition
from askfirst_collector.catalogue.notice_archive import notice_hash
from askfirst_collector.ledger.answers import ROLLBACK, Answered, answer, rolled_back
from askfirst_collector.ledger.entries import Entry, hour_of
from askfirst_collector.ledger.writer import Appended, Appending, Body, Past
from askfirst_collector.services import Services
from askfirst_collector.usecases.grant_keys import link, links, settle

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
            recording = _Recording(parts, decision, attempt)
            outcome = await parts.ledger.append_soon(recording.appending)
            if recording.is_done(outcome):
                return recording.recorded(outcome)
            return await asyncio.to_thread(recording.finish, outcome)
    except TimeoutError:
        _undo(parts, decision, attempt)
        raise CollectorUnavailable("the ledger did not answer in time") from None
    except BaseException:
        _undo(parts, decision, attempt)
        raise


def record_now(parts: Services, decision: Decision, attempt: Attempt | None = None) -> Recorded:
    """`record`, for callers that are threads."""
    recording = _Recording(parts, decision, attempt)
    return recording.finish(parts.ledger.append_now(recording.appending))


def _undo(parts: Services, decision: Decision, attempt: Attempt) -> None:
    """Owe it to the ledger that a grant ends that its visitor will not be told of."""
    if not attempt.give_up() or not any(attempt.grants.values()):
        return
    try:
        # Not in a thread: whoever is cancelled here may not wait for one.
        parts.spool.add(rollback(replace(decision, choices=attempt.grants)))
    except CollectorUnavailable:
        log.error("askfirst.E132 a grant that came too late could not be taken back")


class _Recording:
    """A decision on its way into the ledger, and what follows there."""

    def __init__(self, parts: Services, decision: Decision, attempt: Attempt | None) -> None:
        """Raises Refused for what is no handle, or of no site."""
        if not HANDLE.fullmatch(decision.handle):
            raise Refused(Reason.BAD_SHAPE, "send the handle as 64 hexadecimal digits")
        # What it is decided upon is read again, under the write lock.
        site = parts.registry.site(decision.site, heard=True)
        if site is None:
            raise Refused(Reason.NO_SUCH_SITE, "publish a policy for this site first")
        self._parts = parts
        self._decision = decision
        self._attempt = attempt
        self._site = site
        self._answered: Answered | None = None
        day = None
        if not decision.sized:
            # As an entry does, it counts to the day in which its hour begins.
            day = site.calendar.period_of("day", hour_of(parts.now()))
        self.appending = Appending(decision.site, decision.handle, self._decide, self._commits, day)

    def _decide(self, past: Past) -> Body | None:
        decision, now = self._decision, self._parts.now()
        # Read again under the write lock: no edition is published between this and the commit.
        self._site = self._parts.registry.site(decision.site) or self._site
        if decision.method == ROLLBACK:
            self._answered = _rolled_back(decision, past, now=now)
        else:
            self._answered = answer(decision, past, self._site.editions, notice_hash, now=now)
        if self._attempt is not None:
            self._attempt.grants = _added(past, self._answered)
        return self._answered.body

    def _commits(self) -> None:
        if self._attempt is not None and any(self._attempt.grants.values()):
            self._attempt.commit()

    def is_done(self, outcome: Appended) -> bool:
        """Whether nothing follows but the receipt, as with nearly every grant."""
        new = outcome[1]
        return (
            new is not None
            and new.body["status"] != "withdrawn"
            and self._decision.method != ROLLBACK
            and self._is_archived(new)
            and not links(self._site.editions, self._result.choices)
        )

    def finish(self, outcome: Appended) -> Recorded:
        """Have true everywhere what follows; blocks."""
        parts, decision = self._parts, self._decision
        past, new = outcome
        # Should the grant only come in now, delayed on its way, it finds a dead handle; where it
        # came in meanwhile, it is taken back.
        is_early = decision.method == ROLLBACK and past.latest is None
        if is_early and not parts.ledger.bar(decision.site, decision.handle):
            return record_now(parts, decision, self._attempt)
        if new is None:
            # Perhaps the first withdrawal broke off before it was true everywhere. Of a handle that
            # nobody knows the same is read: how long an answer takes tells nobody which it was
            # (M43).
            if past.ended and not past.settled:
                settle(parts, decision.site, decision.handle)
            return self.recorded(outcome)
        shown = self._shown(new)
        if shown is not None:
            parts.notices.archive(shown, new.body["language"])
        if new.body["status"] == "withdrawn":
            settle(parts, decision.site, decision.handle)
        else:
            result = self._result
            link(parts, self._site.editions, decision.handle, result.choices, result.expires)
        return self.recorded(outcome)

    def recorded(self, outcome: Appended) -> Recorded:
        """What the visitor is told."""
        result, new = self._result, outcome[1]
        if new is None:
            return Recorded(result.choices, result.expires, None, "withdrawn")
        receipt, status = self._parts.receipts.sign(new), _STATUS[new.body["kind"]]
        return Recorded(result.choices, result.expires, receipt, status)

    @property
    def _result(self) -> Answered:
        assert self._answered is not None
        return self._answered

    def _shown(self, new: Entry) -> Edition | None:
        return self._site.editions.get(new.body["edition"]["number"])

    def _is_archived(self, new: Entry) -> bool:
        shown = self._shown(new)
        return shown is None or self._parts.notices.keeps(shown, new.body["language"])


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
