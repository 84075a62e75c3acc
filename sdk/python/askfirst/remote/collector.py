"""`HttpCollector`: a collector elsewhere, reached under the key of the site."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from askfirst.client import (
    Caller,
    Decision,
    Handle,
    PendingEntry,
    Receive,
    Recorded,
    Scope,
    Send,
)
from askfirst.contracts.consent import VERSION, VERSIONS
from askfirst.contracts.events import read_page_batch
from askfirst.errors import CollectorUnavailable, Reason, Refused, WrongSetting
from askfirst.gate.user_token import UserId, user_tokens
from askfirst.http.request import Answer, problem
from askfirst.log_fault import log_fault
from askfirst.observe.network_limit import MOST_GRANTS, AddressLimit
from askfirst.observe.network_sizes import NetworkSizes
from askfirst.observe.network_slots import NetworkSlots
from askfirst.observe.proxies import Proxies
from askfirst.remote.connections import (
    POLICY_REFUSED,
    AnswerLost,
    Connections,
    Place,
    Reply,
    as_object,
    checked,
    conflicts,
)
from askfirst.remote.generalise import Asking, Generaliser, needed
from askfirst.remote.key_file import keys_of
from askfirst.remote.outbox import Outbox
from askfirst.remote.relay_events import Relayed
from askfirst.remote.site_spool import open_site_spool
from askfirst.remote.terms import RemoteTerms
from askfirst.spool.ended import EndedHandles
from askfirst.spool.events import EventFile, Purposes
from askfirst.spool.pending import replay
from askfirst.spool.spool import LINGER, StillPending, renamed, rollback, taken_back
from askfirst.terms.edition import Choice, Edition, Editions
from askfirst.terms.policy import Policy

log = logging.getLogger("askfirst")

SECONDS = 5.0  # until a request to the collector is given up
PATIENCE = 2.0  # seconds for what waits when the site ends


class HttpCollector:
    """A collector at `url`, which knows this site by `key` (`askfirst site key`).

    Events are made less precise in this process: the visitor's address, agent and language never
    leave it. `cookie_keys` are the site's own: 32 bytes each, newest last, or the file they are
    in (made where it is missing, 0600; the same one for every machine of the site). `spool` is the
    folder of what waits while the collector is away, one for all processes of a site on a machine:
    made where it is missing (0700), beside the file of keys where it is not named. `places` is an
    MMDB file that says where addresses are, `proxies` the trusted ones in front of the site, `ca`
    certificates to trust beside the system's. Wrong settings raise WrongSetting or Unusable.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        cookie_keys: Path | str | tuple[bytes, ...],
        spool: Path | str | None = None,
        spill: Path | str | None = None,  # what `spool` was called
        places: Path | None = None,
        proxies: Proxies | None = None,
        ca: Path | None = None,
        seconds: float = SECONDS,
        now: Callable[[], float] = time.time,
        urandom: Callable[[int], bytes] = os.urandom,
    ) -> None:
        place = Place.of(url, ca)
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise WrongSetting("E031", "key", "…", "write what `askfirst site key` printed")
        self._keys = keys_of(cookie_keys, urandom)
        self._spool = open_site_spool(spool or renamed(spill), cookie_keys)
        self._file = EventFile(self._spool.folder / "events", now=now)
        self._ended = EndedHandles(self._spool, now=now)
        self._authorization = {"authorization": f"Bearer {key}"}
        # Answers and rights are not to wait behind events.
        self._asking = Connections(place, seconds=seconds, threads=4, most_waiting=200)
        self._telling = Connections(place, seconds=seconds, threads=4, most_waiting=200)
        # Connecting may take as long as answering; what is lost on its way lingers.
        self._longest = 2 * seconds + LINGER
        self._now = now
        self._slots = NetworkSlots(self._spool.folder / "networks", urandom=urandom)
        sizes = NetworkSizes(urandom=urandom, slots=self._slots)
        self._generaliser = Generaliser(places, proxies, sizes)
        if places is not None:
            self._generaliser.open()
        self._terms = RemoteTerms(self._fetch_terms, now=now)
        self._outbox = Outbox(self._deliver, now=now, file=self._file)
        self._relayed = Relayed(
            self._generaliser,
            self._terms,
            self._hand_on,
            self._outbox.keep,
            self._spool.owes,
            self._ended.__contains__,
            now=now,
        )
        self.proxies = proxies or Proxies()
        self._grants = AddressLimit(now=now, urandom=urandom, most=MOST_GRANTS)
        self._published: set[str] = set()

    # Policy and keys

    async def editions(self, policy: Policy) -> Editions:
        """All editions of the policy's site; a policy whose hash is new becomes the next one.

        Raises PolicyError for a policy that goes beyond the host's.
        """
        if policy.hash not in self._published:
            body = policy.canonical()
            reply = await self._ask("POST", "/v1/policies", body)
            if reply.status in POLICY_REFUSED:
                raise conflicts(reply)
            self._terms.learn(as_object(reply), etag=None)
            self._published.add(policy.hash)
        else:
            await self._terms.refresh(at_once=True)
        await asyncio.to_thread(self._generaliser.open)
        return self._terms.editions

    async def keys(self, site: str) -> tuple[bytes, ...]:
        """The keys of the site's state cookie: its own, from the settings."""
        return self._keys

    async def receipt_keys(self) -> Sequence[Mapping[str, object]]:
        """Those of receipts, which are public."""
        return self._terms.receipt_keys

    # Answers and rights

    async def admits(self, headers: Sequence[tuple[bytes, bytes]], peer: str) -> bool:
        """Count one grant of a network, here: no address leaves for it."""
        return self._grants.allows(self.proxies.client(peer, needed(headers)))

    def is_sized(
        self, edition: Edition, handle: Handle, headers: Sequence[tuple[bytes, bytes]], peer: str
    ) -> bool:
        """Whether an answer counts towards sizes; all do at a collector that is not to be told."""
        asking = Asking(headers, peer, self._now())
        return not self._terms.sizes_answers or self._generaliser.counts_answer(
            edition, handle, asking
        )

    async def record(self, decision: Decision) -> Recorded:
        """Append to the ledger; returns once it is on disk there.

        A grant whose answer did not come back in time may be there all the same: that it is taken
        back is owed then, on disk before the visitor is told that nothing was recorded.
        """
        if not any(decision.choices.values()):
            entry = PendingEntry(decision.site, decision.handle, "answer", decision)
            await self.forget(decision.handle, taken_back(entry))
            return await self._record(decision)
        try:
            return await self._record(decision)
        except (AnswerLost, asyncio.CancelledError):
            # Not in a thread: whoever is cancelled here may not wait for one.
            with suppress(CollectorUnavailable):
                self._spool.add(rollback(decision))
            raise

    async def _record(self, decision: Decision) -> Recorded:
        body = {
            "v": _version(decision),
            "site": decision.site,
            "handle": decision.handle,
            "edition": decision.edition,
            "lang": decision.lang,
            "method": decision.method,
            "choices": dict(decision.choices),
            "adult": decision.adult,
            "gpc": decision.gpc,
            **({} if decision.sized else {"sized": False}),
        }
        try:
            answer = as_object(await self._ask("POST", "/v1/consents", _body(body)))
        except Refused as error:
            if error.reason == Reason.HANDLE_ENDED:
                await asyncio.to_thread(self._ended.add, decision.handle)
            raise
        try:
            recorded = Recorded(
                {name: Choice(*pair) for name, pair in answer["choices"].items()},
                answer["expires"],
                answer.get("receipt"),
                answer["decision"],
            )
        except (LookupError, TypeError, AttributeError):
            raise AnswerLost("the collector's answer cannot be read") from None
        if not any(choice.detail for choice in recorded.choices.values()):
            await asyncio.to_thread(self._ended.add, decision.handle)
        elif any(decision.choices.values()):
            await asyncio.to_thread(self._ended.discard, decision.handle)
        return recorded

    async def tally_refusal(self, site: str) -> None:
        """Add one to the refusals of the open period; nothing is said of who it was."""
        edition = self._terms.editions.current
        body = {"v": VERSIONS[0], "site": site, "edition": edition.hash, "method": "reject_all"}
        await self._ask("POST", "/v1/consents", _body(body))

    async def me(self, site: str, handle: Handle) -> Mapping[str, object]:
        """What is kept: record, receipt, history, rows, deliveries, not_linkable."""
        return as_object(await self._ask("GET", "/v1/rights/me", handle=handle))

    async def erase(self, site: str, handle: Handle) -> None:
        """Erase every row that is still linkable to the handle; harmless when repeated."""
        await self.forget(handle)
        await self._ask("POST", "/v1/rights/erase", b"", handle=handle)
        await asyncio.to_thread(self._ended.add, handle)

    async def restrict(self, site: str, handle: Handle) -> None:
        """Keep what there is and stop using it (GDPR article 18)."""
        await self.forget(handle)
        await self._ask("POST", "/v1/rights/restrict", b"", handle=handle)
        await asyncio.to_thread(self._ended.add, handle)

    async def export_user(self, site: str, user_id: UserId) -> Mapping[str, object]:
        """What is linked to a signed-in user, for their account page. The site knows who asks."""
        return as_object(await self._ask("GET", "/v1/users", more=self._user(site, user_id)))

    async def erase_user(self, site: str, user_id: UserId) -> None:
        """End the link of everything to a signed-in user; harmless when repeated."""
        await self._ask("POST", "/v1/users/erase", b"", more=self._user(site, user_id))

    def _user(self, site: str, user_id: UserId) -> Mapping[str, str]:
        return {"askfirst-user": ", ".join(user_tokens(self._keys, site, user_id))}

    async def owe(self, entry: PendingEntry) -> None:
        """Have it on disk, in the spool; until it is told no event of the handle leaves."""
        await self.forget(entry.handle, taken_back(entry))
        await asyncio.to_thread(self._spool.add, entry)
        await asyncio.to_thread(self._spool.pass_by, entry.handle, self._longest)

    async def replay(self, handle: Handle | None = None) -> bool:
        """Tell the collector what it is owed; whether nothing is left."""
        is_owed = handle is None or self._spool.owes(handle)
        return not is_owed or await replay(self._spool, self._tell, handle)

    async def _tell(self, entry: PendingEntry) -> None:
        if entry.decision is not None:
            await self._record(entry.decision)
        elif entry.kind == "erase":
            await self.erase(entry.site, entry.handle)
        else:
            await self.restrict(entry.site, entry.handle)

    # Events

    async def submit(
        self,
        caller: Caller,
        payload: Mapping[str, object],
        *,
        headers: Sequence[tuple[bytes, bytes]],
        peer: str,
    ) -> None:
        """Queue events the site's server saw, made less precise; never raises."""
        try:
            await self._relayed.refresh()
            asking = Asking(headers, peer, self._now())
            prepared = self._relayed.prepare(
                caller, read_page_batch(payload, site=caller.site), asking
            )
            if caller.handle is not None and prepared.body is not None:
                self._outbox.add(caller.handle, prepared.body)
        except Exception as error:
            log_fault("preparing events", error)

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: `POST /askfirst/events`; what the collector answers is what the page gets."""
        answer = await self._relayed.answer(scope, receive)
        await _send(answer, send)

    async def forget(self, handle: Handle, purposes: Purposes = None) -> None:
        """Drop what waits of what a visitor took back; what is sent is judged again."""
        await self._outbox.forget(handle, purposes)

    async def wake(self) -> None:
        """Take up the events that an earlier process left; once in each process."""
        for key, body in await asyncio.to_thread(self._file.adopt):
            self._outbox.add(str(body.get("handle")), body, key=key)

    async def host(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: the dashboard is at the collector's own address, not here."""
        refusal = Refused(Reason.NOT_FOUND, "the dashboard is where the collector is")
        await _send(problem(refusal), send)

    async def health(self) -> Mapping[str, object]:
        """Whether the collector can store, and this site write down what it owes; never raises."""
        try:
            health = as_object(await self._asking.ask("GET", "/readyz", {}))
        except CollectorUnavailable:
            health = {"status": "away"}
        try:
            await asyncio.to_thread(self._spool.check)
            spool = "ok"
        except CollectorUnavailable:
            health["status"] = spool = "away"
        return {**health, "parts": {**health.get("parts", {}), "site-spool": spool}}

    async def aclose(self) -> None:
        """Send what waits, or leave it in the spool, and close the connections."""
        await self._outbox.aclose(PATIENCE)
        await asyncio.to_thread(self._file.close)
        self._slots.close()
        self._asking.close()
        self._telling.close()

    # On the wire

    async def _fetch_terms(self, etag: str | None) -> Reply:
        match = {} if etag is None else {"if-none-match": etag}
        return await self._ask("GET", "/v1/terms", more=match)

    async def _hand_on(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._outbox.is_away:
            raise CollectorUnavailable("away when last asked: no page waits to hear it again")
        return await self._post_events(body)

    async def _post_events(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        handle = str(body["handle"])
        during = partial(self._spool.sending, handle)
        headers = {**self._authorization, "content-type": "application/json"}
        reply = await self._telling.ask("POST", "/v1/events", headers, _body(body), during=during)
        return as_object(checked(reply))

    async def _deliver(self, body: Mapping[str, Any]) -> None:
        try:
            await self._post_events(body)
        except StillPending:
            # What still stands was promised: it goes once the collector has heard the rest.
            handle = str(body["handle"])
            await self.forget(handle, await asyncio.to_thread(self._spool.taken_back, handle))
            await self.replay(handle)
            raise
        except Refused as error:
            log.warning("askfirst.W037 the collector refuses events: %s", error.reason)

    async def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        handle: Handle | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Reply:
        headers = {**(more or {}), **({} if handle is None else {"askfirst-handle": handle})}
        kind = {} if not body else {"content-type": "application/json"}
        reply = await self._asking.ask(
            method, path, {**self._authorization, **kind, **headers}, body
        )
        if path == "/v1/policies" and reply.status in POLICY_REFUSED:
            return reply
        return checked(reply)


def _version(decision: Decision) -> int:
    """The version of the contract; what grants nothing is taken by older collectors too."""
    return VERSION if any(decision.choices.values()) else VERSIONS[0]


def _body(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


async def _send(answer: Answer, send: Send) -> None:
    start = {"type": "http.response.start", "status": answer.status}
    await send({**start, "headers": answer.raw()})
    await send({"type": "http.response.body", "body": answer.body})
