"""`POST /askfirst/events` at a site whose collector is elsewhere: judged, cut, handed on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from askfirst.client import Caller, Handle, Receive, Scope
from askfirst.contracts.body import JSON, TEXT, media_type, read_body
from askfirst.contracts.drops import Drop
from askfirst.contracts.events import Event, EventBatch, read_page_batch
from askfirst.contracts.origin import check_origin
from askfirst.contracts.strict_json import read_json
from askfirst.errors import AskfirstError, CollectorUnavailable
from askfirst.gate.record_answer import no_state
from askfirst.http.request import NO_STORE, Answer, WrongMethod, as_json, problem
from askfirst.log_fault import log_fault
from askfirst.remote.generalise import Asking, Generaliser
from askfirst.remote.placed_events import placed_event, where
from askfirst.remote.terms import RemoteTerms
from askfirst.spool.spool import StillPending
from askfirst.terms.consent import Consent
from askfirst.terms.placed import split
from askfirst.terms.time_zone import period_in

Post = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
Keep = Callable[[Handle, Mapping[str, Any]], Awaitable[bool]]


@dataclass(frozen=True)
class Prepared:
    """What leaves (None: nothing), which events it holds, and why the others do not."""

    body: Mapping[str, Any] | None
    indices: tuple[int, ...]
    dropped: Mapping[int, Drop]


class Relayed:
    """Relays batches of pages and of the site's own server. `now` gives unix seconds.

    `keep` has on disk what a collector that is away cannot take, and says whether it has; `owes`
    says whether the end of a grant waits for the collector: nothing of its visitor leaves.
    `has_ended` says what the collector would, where it has said so before.
    """

    def __init__(
        self,
        generaliser: Generaliser,
        terms: RemoteTerms,
        post: Post,
        keep: Keep,
        owes: Callable[[Handle], bool],
        has_ended: Callable[[Handle], bool],
        *,
        now: Callable[[], float],
    ) -> None:
        self._generaliser = generaliser
        self._terms = terms
        self._post = post
        self._keep = keep
        self._owes = owes
        self._has_ended = has_ended
        self._now = now

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """Answer one request; 202 once the collector, or the file of events, has it on disk."""
        try:
            return await self._answer(scope, receive)
        except AskfirstError as error:
            return problem(error)
        except Exception as error:
            log_fault("relaying events", error)
            return problem(CollectorUnavailable("a fault of ours"))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            raise WrongMethod(("POST",))
        headers, caller = scope["headers"], scope["askfirst.caller"]
        consent: Consent | None = caller.consent
        if consent is None or not consent.editions:
            raise CollectorUnavailable("the editions are not known yet")
        check_origin(headers, consent.editions.current.policy.origins)
        media_type(headers, JSON, TEXT)
        data = await read_body(headers, receive)
        sent = read_page_batch(read_json(data), site=caller.site)
        if caller.handle is None or consent.state is None or self._owes(caller.handle):
            return _no_grant(sent, consent)
        await self.refresh()
        peer = (scope.get("client") or ("",))[0]
        prepared = self.prepare(caller, sent, Asking(headers, peer, self._now()))
        if prepared.body is None:
            return _accepted(0, prepared.dropped)
        try:
            return _merged(prepared, await self._post(prepared.body)) or _no_grant(sent, consent)
        except StillPending:
            return _no_grant(sent, consent)
        except CollectorUnavailable:
            if await asyncio.to_thread(self._has_ended, caller.handle):
                return _no_grant(sent, consent)
            if not await self._keep(caller.handle, prepared.body):
                raise
            # Judged again when it arrives; the batch's name keeps it from being stored twice.
            return _accepted(len(prepared.indices), prepared.dropped)

    async def refresh(self) -> None:
        """Know the terms as they are now; where that fails, the collector cuts again anyway."""
        with suppress(CollectorUnavailable):
            await self._terms.refresh()

    def prepare(self, caller: Caller, sent: EventBatch, asking: Asking) -> Prepared:
        """Generalise a batch; grant and signals first, then what the grant lets be looked at."""
        consent = caller.consent
        dropped: dict[int, Drop] = {}
        events: dict[int, Mapping[str, Any]] = {}
        if caller.handle is None or consent is None or consent.state is None:
            return Prepared(None, (), dict.fromkeys(range(len(sent.events)), Drop.NO_GRANT))
        consent = _signalled(consent, caller, sent)
        for index, event in enumerate(sent.events):
            outcome = self._event(event, sent, replace(caller, consent=consent), asking)
            if isinstance(outcome, Drop):
                dropped[index] = outcome
            else:
                is_sized = self._is_sized(str(outcome["purpose"]), caller.handle, consent, asking)
                events[index] = outcome if is_sized else {**outcome, "sized": False}
        if not events:
            return Prepared(None, (), dropped)
        body = {
            "v": 1,
            "site": caller.site,
            "handle": caller.handle,
            "batch": sent.name,
            "gpc": consent.signals.gpc,
            "dnt": consent.signals.dnt,
            "events": list(events.values()),
        }
        if sent.collector:
            body["collector"] = sent.collector
        elif caller.user and self._terms.links_users and _links(consent, events.values()):
            body["user"] = caller.user
        return Prepared(body, tuple(events), dropped)

    def _event(
        self, event: Event | None, sent: EventBatch, caller: Caller, asking: Asking
    ) -> Mapping[str, Any] | Drop:
        """One event as it may leave, or the reason why none of it does."""
        consent = caller.consent
        if event is None or consent is None:
            return Drop.BAD_EVENT
        effective = self._terms.effective
        if not sent.collector:
            own = "" if split(event.purpose)[0] else event.purpose
            if consent.editions.current.purpose(own) is None:
                return Drop.UNKNOWN_PURPOSE
            return self._generaliser.event(event, consent, effective, asking)
        edition = consent.editions.current
        place = where(event, sent.vouch, caller, edition, asking.headers)
        if isinstance(place, Drop):
            return place
        fields = self._generaliser.event(event, consent, effective, asking)
        return fields if isinstance(fields, Drop) else placed_event(fields, place)

    def _is_sized(self, purpose: str, handle: Handle, consent: Consent, asking: Asking) -> bool:
        """Whether its visitor counts towards sizes (M27): the collector cannot know the network."""
        choice = consent.choice(purpose)
        if not self._terms.sized or choice is None:
            return True
        closes = self._terms.effective(purpose, choice).closes
        period = period_in(consent.editions.current.policy.time_zone, closes, asking.now)
        counted = consent.site, purpose, closes
        return self._generaliser.is_sized(counted, period, handle, asking)


def _links(consent: Consent, events: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the visitor agreed that any of these is linked to their account."""
    return any(consent.terms(event["purpose"]).scope.level("user_id") for event in events)


def _signalled(consent: Consent, caller: Caller, sent: EventBatch) -> Consent:
    """The consent under every signal there is: of the request, and of the page."""
    signals = replace(
        consent.signals,
        gpc=consent.signals.gpc or caller.gpc or sent.gpc,
        dnt=consent.signals.dnt or caller.dnt or sent.dnt,
    )
    if signals == consent.signals:
        return consent
    return Consent(consent.site, consent.state, consent.editions, signals)


def _merged(prepared: Prepared, reply: Mapping[str, Any]) -> Answer | None:
    """The collector's answer by the page's own numbers; None where it knows of no such grant."""
    stored, told_dropped = reply.get("stored"), reply.get("dropped")
    if type(stored) is not int or not isinstance(told_dropped, list):
        raise CollectorUnavailable("the collector's answer cannot be read")
    try:
        there = {prepared.indices[drop["index"]]: str(drop["reason"]) for drop in told_dropped}
    except (LookupError, TypeError):
        raise CollectorUnavailable("the collector's answer cannot be read") from None
    if set(there.values()) == {Drop.NO_GRANT} and len(there) == len(prepared.indices):
        return None
    return _accepted(stored, {**prepared.dropped, **there})


def _no_grant(sent: EventBatch, consent: Consent) -> Answer:
    """Without a valid receipt there is no other reason (M43), and no cookie may say otherwise."""
    answer = _accepted(0, dict.fromkeys(range(len(sent.events)), Drop.NO_GRANT))
    grants = consent.state is not None and consent.state.grants
    return answer.also(*no_state()) if grants else answer


def _accepted(stored: int, dropped: Mapping[int, str]) -> Answer:
    listed = [{"index": index, "reason": dropped[index]} for index in sorted(dropped)]
    answer = as_json({"stored": stored, "dropped": listed}, headers=(NO_STORE,))
    return Answer(202, answer.body, answer.headers)
