"""The collector's own face, for relays and for sites that are scripts alone: `/v1/*`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from askfirst.client import Decision, PendingEntry, Recorded
from askfirst.contracts.body import JSON, TEXT, media_type, read_body
from askfirst.contracts.consent import ROLLBACK, ConsentRequest, read_consent_request
from askfirst.contracts.names import HANDLE as HANDLES
from askfirst.contracts.origin import exact_origin
from askfirst.contracts.strict_json import read_json
from askfirst.errors import CollectorUnavailable, Reason, Refused
from askfirst.gate.receipt import handle_of
from askfirst.gate.signals import read_signals
from askfirst.http.headers import values
from askfirst.log_fault import log_fault
from askfirst.observe.network_sizes import SIZED
from askfirst.terms.consent import state_of
from askfirst.terms.edition import Choice, Editions
from askfirst.terms.policy import LARGEST, Policy, read_policy
from askfirst.terms.published import DETAILS
from askfirst.terms.purpose import write_terms
from askfirst.terms.terms import BOTTOM
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.ingest.callers import bearer
from askfirst_collector.ingest.events import Events
from askfirst_collector.ingest.off_loop import read_apart
from askfirst_collector.ingest.pending import owe
from askfirst_collector.ingest.script_budget import Budget
from askfirst_collector.services import Services
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.record_consent import record

EVENTS = "/v1/events"
# What a page of a site without a server may call; other paths are for programs.
SCRIPTED = (
    *("/v1/consents", EVENTS, "/v1/rights/erase", "/v1/rights/me"),
    *("/v1/rights/restrict", "/v1/rights/withdraw"),
)
# Older relays grant in details that mean something else now: they are updated first.
OLDEST_SDK = "0.2.0"
_RECEIPT = b"receipt "
HANDLE = b"askfirst-handle"  # under a site key: whose rights are asked for


class Face:
    """The handlers; each raises Refused or CollectorUnavailable."""

    def __init__(self, parts: Services, events: Events) -> None:
        self._parts = parts
        self._events = events
        self._budget = Budget(now=parts.now)

    async def consents(self, request: Request) -> Response:
        """Record an answer: under a site key by its handle, from a script by its secret."""
        headers = request.headers.raw
        # Whose key it is counts before what the body says.
        key = bearer(headers)
        own = None if key is None else self._site_of_key(key)
        media_type(headers, JSON, TEXT)
        consent_request = read_consent_request(read_json(await read_body(headers, request.receive)))
        origin = None
        if own is None:
            peer = _peer(request)
            handle: str | None
            handle, origin = await asyncio.to_thread(
                self._of_script, consent_request, headers, peer
            )
        else:
            handle = _of_relay(consent_request, own.name)
        if handle is None:
            await asyncio.to_thread(_tally_or_lose, self._parts, consent_request.site)
            return _json({"decision": "refused"}, origin)
        gpc = read_signals(headers).gpc
        decision = _decision(consent_request, handle, gpc=gpc)
        if own is None:
            decision = replace(decision, sized=self._is_sized(decision, request))
        try:
            recorded = await record(self._parts, decision)
            state = {"state": self._state(decision.site, recorded)} if own is None else {}
            return _json({**_written(recorded), **state}, origin)
        except CollectorUnavailable:
            # A relay has a spool of its own, and asks again.
            if key is not None or consent_request.answer.method not in ("reject_all", "withdraw"):
                raise
        await self._owe(PendingEntry(consent_request.site, handle, "answer", decision))
        return _json({"decision": "refused"}, origin)

    async def policies(self, request: Request) -> Response:
        """Publish a policy as the next edition of the site whose key is shown."""
        headers = request.headers.raw
        key = bearer(headers) or ""
        own = await asyncio.to_thread(self._parts.registry.site_of_key, key)
        if own is None:
            raise Refused(Reason.WRONG_KEY, "send the key of a site: Authorization: Bearer …")
        media_type(headers, JSON)
        data = await read_body(headers, request.receive, largest=LARGEST)
        policy = await read_apart(lambda: _policy(data))
        if policy.site != own:
            raise Refused(Reason.WRONG_KEY, "send the key of the site that the policy names")
        await asyncio.to_thread(self._parts.registry.publish, policy)
        return await self.terms(request)

    async def terms(self, request: Request) -> Response:
        """Effective terms by edition, purpose and detail, for the relay of a site."""
        site = await asyncio.to_thread(self._site_of_key, bearer(request.headers.raw) or "")
        terms = await asyncio.to_thread(effective_terms, site)
        body = orjson.dumps({**terms, "receipt_keys": self._parts.receipts.public()})
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        headers = {"etag": etag, "cache-control": "private, no-cache"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    async def me(self, request: Request) -> Response:
        """What is kept about the holder of a receipt."""
        site, handle, origin = await asyncio.to_thread(self._holder, request)
        return _json(await asyncio.to_thread(rights.me, self._parts, site, handle), origin)

    async def erase(self, request: Request) -> Response:
        """Erase what is still linked to it."""
        site, handle, origin = await asyncio.to_thread(self._holder, request)
        try:
            await asyncio.to_thread(rights.erase, self._parts, site, handle)
        except CollectorUnavailable:
            await self._owe(PendingEntry(site, handle, "erase"))
        return _json({"done": True}, origin)

    async def restrict(self, request: Request) -> Response:
        """Store nothing more, keep what there is."""
        site, handle, origin = await asyncio.to_thread(self._holder, request)
        try:
            await asyncio.to_thread(rights.restrict, self._parts, site, handle)
        except CollectorUnavailable:
            await self._owe(PendingEntry(site, handle, "restrict"))
        return _json({"done": True}, origin)

    async def withdraw(self, request: Request) -> Response:
        """End the grant for good."""
        site, handle, origin = await asyncio.to_thread(self._holder, request)
        if await asyncio.to_thread(self._parts.registry.site, site):
            withdrawal = _withdrawal(site, handle)
            try:
                await record(self._parts, withdrawal)
            except CollectorUnavailable:
                await self._owe(PendingEntry(site, handle, "answer", withdrawal))
        return _json({"done": True}, origin)

    async def _owe(self, entry: PendingEntry) -> None:
        # An unknown receipt is told as much as one that waits.
        with suppress(Refused):
            await owe(self._parts.spool, self._parts, entry)

    async def allow(self, request: Request) -> Response:
        """The preflight of a script (Fetch standard, CORS protocol)."""
        if not self._events.allows(request.headers.raw, _peer(request)):
            raise Refused(Reason.TOO_MANY_REQUESTS, "send less")
        origins = values(request.headers.raw, b"origin")
        known = len(origins) == 1 and await asyncio.to_thread(
            self._parts.registry.has_origin, origins[0].decode("latin-1")
        )
        if not known:
            raise Refused(Reason.CROSS_ORIGIN, "send from an origin of the site")
        return _json(
            {},
            origins[0],
            {
                "access-control-allow-methods": "GET, POST",
                "access-control-allow-headers": "authorization, content-type",
                "access-control-max-age": "600",
            },
        )

    def _of_script(
        self, consent_request: ConsentRequest, headers: list[tuple[bytes, bytes]], peer: str
    ) -> tuple[str, bytes]:
        site = self._parts.registry.site(consent_request.site)
        origins = site.editions.current.policy.origins if site is not None else ()
        origin = exact_origin(headers, origins)
        if origin is None:
            raise Refused(Reason.CROSS_ORIGIN, "send answers from an origin of the site")
        if consent_request.answer.method == ROLLBACK:
            raise Refused(Reason.WRONG_KEY, "rollback needs the key of its site")
        if consent_request.handle is not None:
            raise Refused(
                Reason.WRONG_KEY, "a handle needs the key of its site; a page sends secret"
            )
        if consent_request.secret is None:
            raise Refused(Reason.NO_RECEIPT, "send the secret")
        handle = _handle_of(consent_request.secret.encode())
        if not consent_request.answer.refuses:
            # The network first: an Origin is easily forged, and what one network may not send
            # must not be taken from the site's budget, which is everybody's.
            if not self._events.admits_script(headers, peer):
                raise Refused(Reason.TOO_MANY_REQUESTS, "too many answers from one network")
            if not self._budget.allows(consent_request.site):
                raise Refused(
                    Reason.TOO_MANY_REQUESTS, "too many answers on one site", retry_after=60
                )
        return handle, origin

    def _is_sized(self, decision: Decision, request: Request) -> bool:
        site = self._parts.registry.site(decision.site)
        peer = _peer(request)
        return site is not None and self._events.counts_answer(
            site.editions.current, decision.handle, request.headers.raw, peer
        )

    def _state(self, name: str, recorded: Recorded) -> dict[str, Any]:
        """What the page is to keep of it, as a gate's state cookie would (docs/gate.md)."""
        site = self._parts.registry.site(name)
        editions = site.editions if site is not None else Editions(())
        state = state_of(name, editions, recorded.choices, expires=recorded.expires)
        return {"ch": dict(state.choices), "ed": state.edition, "exp": state.expires}

    def _site_of_key(self, key: str) -> Site:
        name = self._parts.registry.site_of_key(key)
        site = self._parts.registry.site(name) if name is not None else None
        if site is None:
            raise Refused(Reason.WRONG_KEY, "send the key of a site: Authorization: Bearer …")
        return site

    def _holder(self, request: Request) -> tuple[str, str, bytes | None]:
        """Site and handle of the receipt shown, and the origin to answer to.

        A relay shows the site's key, and says whose handle it is. The receipt is no cookie: only
        who holds it sends it. Still a page may only do so from an origin of the site (M47); what is
        no browser sends neither Origin nor Sec-Fetch-Site.
        """
        headers = request.headers.raw
        key = bearer(headers)
        if key:
            return self._site_of_key(key).name, _handle(headers), None
        lines = values(headers, b"authorization")
        if len(lines) != 1 or lines[0][: len(_RECEIPT)].lower() != _RECEIPT:
            raise Refused(Reason.NO_RECEIPT, "send Authorization: Receipt and the secret")
        handle = _handle_of(lines[0][len(_RECEIPT) :].strip())
        names = self._parts.ledger.sites_of(handle)
        # Every site's origins: that this one is the right one would tell whether it knows it.
        origins = dict(self._parts.registry.origins())
        origin = None
        if values(headers, b"origin") or values(headers, b"sec-fetch-site"):
            origin = exact_origin(headers, {one for of_site in origins.values() for one in of_site})
            if origin is None:
                raise Refused(Reason.CROSS_ORIGIN, "send this from an origin of the site")
            sent_from = origin.decode("latin-1")
            origins = {name: of_site for name, of_site in origins.items() if sent_from in of_site}
        # What no site knows is looked for at one: it costs what has ended there does (M43).
        own = [name for name in names if name in origins or origin is None]
        return next(iter((*own, *origins)), ""), handle, origin


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _handle(headers: list[tuple[bytes, bytes]]) -> str:
    handles = [value.decode("latin-1") for value in values(headers, HANDLE)]
    if len(handles) != 1 or not HANDLES.fullmatch(handles[0]):
        raise Refused(
            Reason.NO_RECEIPT, "under a site key send Askfirst-Handle: 64 hexadecimal digits"
        )
    return handles[0]


def _of_relay(body: ConsentRequest, own: str) -> str | None:
    if own != body.site:
        raise Refused(Reason.WRONG_KEY, "send the key of the site that the body names")
    if body.secret is not None:
        raise Refused(Reason.WRONG_KEY, "a relay sends the handle, never the secret")
    if body.handle is None and not body.answer.refuses:
        raise Refused(Reason.BAD_SHAPE, "send the handle")
    return body.handle


def _policy(data: bytes) -> Policy:
    read_json(data)
    return read_policy(data)


def effective_terms(site: Site) -> dict[str, Any]:
    """What a relay narrows events to: of each edition, the terms by purpose and detail."""
    return {
        "site": site.name,
        "oldest_sdk": OLDEST_SDK,
        "sized": SIZED,
        "sizes_answers": True,
        "links_users": True,
        "host": site.host.hash if site.host is not None else None,
        "editions": [
            {
                "number": edition.number,
                "hash": edition.hash,
                "effective": edition.effective,
                "policy": edition.policy.document,
                "placed": {name: placed.document for name, placed in edition.placed.items()},
                "terms": {name: _by_detail(site, name, edition.number) for name in edition.every},
            }
            for edition in site.editions
        ],
    }


def _by_detail(site: Site, purpose: str, number: int) -> dict[str, Any]:
    terms_by_detail = {
        detail: site.effective(purpose, Choice(detail, number)) for detail in DETAILS
    }
    return {
        str(int(detail)): write_terms(terms)
        for detail, terms in terms_by_detail.items()
        if terms != BOTTOM
    }


def tally_refusal(parts: Services, site: str) -> None:
    """Count one refusal where the site's policy says so; it knows no more than that."""
    record = parts.registry.site(site)
    if record is not None and record.editions.current.policy.count_refusals:
        parts.ledger.tally_refusal(site, record.editions.current.number, record.calendar)


def _tally_or_lose(parts: Services, site: str) -> None:
    """The same; where it cannot be written the refusal stands, and is not counted."""
    try:
        tally_refusal(parts, site)
    except CollectorUnavailable as error:
        log_fault("counting a refusal", error)


def _handle_of(secret: bytes) -> str:
    handle = handle_of(secret)
    if handle is None:
        raise Refused(Reason.NO_RECEIPT, "send the secret of a receipt")
    return handle


def _decision(body: ConsentRequest, handle: str, *, gpc: bool) -> Decision:
    """What it means for a handle; a signal of the request counts beside that of the body."""
    answer = body.answer
    answer.check_version()
    return Decision(
        site=body.site,
        handle=handle,
        edition=answer.edition,
        lang=answer.lang,
        method=answer.method,
        choices=answer.choices,
        adult=answer.adult,
        gpc=body.gpc or gpc,
        sized=body.is_sized,
    )


def _withdrawal(site: str, handle: str) -> Decision:
    return Decision(
        site=site,
        handle=handle,
        edition="",
        lang="",
        method="withdraw",
        choices={},
        adult=False,
        gpc=False,
    )


def _written(recorded: Recorded) -> dict[str, Any]:
    return {
        "decision": recorded.status,
        "choices": {name: [c.detail, c.edition] for name, c in recorded.choices.items()},
        "expires": recorded.expires,
        **({"receipt": recorded.receipt} if recorded.receipt is not None else {}),
    }


def _json(
    body: Mapping[str, Any], origin: bytes | None = None, more: Mapping[str, str] | None = None
) -> Response:
    headers = {"cache-control": "no-store", **(more or {})}
    if origin is not None:
        headers |= {"access-control-allow-origin": origin.decode("latin-1"), "vary": "Origin"}
    return Response(orjson.dumps(body), media_type="application/json", headers=headers)
