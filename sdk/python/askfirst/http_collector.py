"""`HttpCollector`: a collector elsewhere, reached under the key of the site."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .client import Caller, Decision, Handle, Receive, Recorded, Scope, Send
from .errors import CollectorAway, PolicyError, Problem, Refused, Unusable, WrongSetting
from .gate.faults import note
from .gate.request import Answer, problem
from .gate.spill import Spill
from .generalising import Asking, Generaliser, needed
from .http_connections import Connections, Place, Reply
from .key_file import read_key_file
from .observe.network_limit import MOST_GRANTS, AddressLimit
from .observe.proxies import Proxies
from .outbox import Outbox
from .relayed import Relayed
from .remote_terms import RemoteTerms
from .sent_events import read_sent
from .terms.edition import Choice, Editions
from .terms.policy import Policy

log = logging.getLogger("askfirst")

SECONDS = 5.0  # until a request to the collector is given up
PATIENCE = 2.0  # seconds for what waits when the site ends
_POLICY_REFUSED = (409, 422)  # beyond the chain above it, or wrong in itself
# What a ledger answers to a decision; anything else is a fault on the way, and tried again.
_ANSWERS = frozenset(
    {
        "edition-changed",
        "handle-ended",
        "no-receipt",
        "unknown-purpose",
        "age-not-declared",
        "under-age",
        "choices-contradict-method",
        "nothing-chosen",
        "bad-shape",
    }
)


class HttpCollector:
    """A collector at `url`, which knows this site by `key` (`askfirst site key`).

    Events are made less precise in this process: the visitor's address, agent and language never
    leave it. `cookie_keys` are the site's own: 32 bytes each, newest last, or the file they are
    in (made where it is missing, 0600; the same one for every machine of the site). `spill` is a
    file for what waits while the collector is away. `places` is an MMDB file that says where
    addresses are, `proxies` the trusted ones in front of the site, `ca` certificates to trust
    beside the system's own. Wrong settings raise WrongSetting or Unusable here.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        cookie_keys: Path | str | tuple[bytes, ...],
        spill: Path | str | None = None,
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
        self.spill = None if spill is None else Spill(spill, now=now)
        self._keys = _read_keys(cookie_keys, urandom)
        self._authorization = {"authorization": f"Bearer {key}"}
        # Answers and rights are not to wait behind events.
        self._asking = Connections(place, seconds=seconds, threads=4, most_waiting=200)
        self._telling = Connections(place, seconds=seconds, threads=4, most_waiting=200)
        self._now = now
        self._generaliser = Generaliser(places, proxies)
        if places is not None:
            self._generaliser.open()
        self._terms = RemoteTerms(self._fetch_terms, now=now)
        self._outbox = Outbox(self._deliver, now=now, spill=self.spill)
        self._relayed = Relayed(
            self._generaliser, self._terms, self._hand_on, self._outbox.keep, now=now
        )
        self._proxies = proxies or Proxies()
        self._grants = AddressLimit(now=now, urandom=urandom, most=MOST_GRANTS)
        self._published: set[str] = set()

    # Policy and keys

    async def editions(self, policy: Policy) -> Editions:
        """All editions of the policy's site; a policy whose hash is new becomes the next one.

        Raises PolicyError for a policy that goes beyond the host's, and says so in the log.
        """
        if policy.hash not in self._published:
            body = policy.canonical()
            reply = await self._ask("POST", "/v1/policies", body)
            if reply.status in _POLICY_REFUSED:
                raise _conflicts(reply)
            self._terms.learn(_json(reply), etag=None)
            self._published.add(policy.hash)
        else:
            await self._terms.refresh(at_once=True)
        await asyncio.to_thread(self._generaliser.open)
        return self._terms.editions

    async def keys(self, site: str) -> tuple[bytes, ...]:
        """The keys of the site's state cookie: its own, from the settings."""
        return self._keys

    # Answers and rights

    async def admits(self, headers: Sequence[tuple[bytes, bytes]], peer: str) -> bool:
        """Count one grant of a network, here: no address leaves for it."""
        return self._grants.allows(self._proxies.client(peer, needed(headers)))

    async def record(self, decision: Decision) -> Recorded:
        """Append to the ledger; returns once it is on disk there."""
        if not any(decision.choices.values()) and decision.method != "accept_all":
            await self.forget(decision.handle)
        body = {
            "v": 1,
            "site": decision.site,
            "handle": decision.handle,
            "edition": decision.edition,
            "lang": decision.lang[:40],
            "method": decision.method,
            "choices": dict(decision.choices),
            "adult": decision.adult,
            "gpc": decision.gpc,
        }
        told = _json(await self._ask("POST", "/v1/consents", _body(body)))
        try:
            return Recorded(
                {name: Choice(*pair) for name, pair in told["choices"].items()},
                told["expires"],
                told.get("receipt"),
                told["decision"],
            )
        except (LookupError, TypeError, AttributeError):
            raise CollectorAway("the collector's answer cannot be read") from None

    async def tally_refusal(self, site: str) -> None:
        """Add one to the refusals of the open period; nothing is said of who it was."""
        edition = self._terms.editions.current
        body = {"v": 1, "site": site, "edition": edition.hash, "lang": "", "method": "reject_all"}
        await self._ask("POST", "/v1/consents", _body(body))

    async def me(self, site: str, handle: Handle) -> Mapping[str, object]:
        """What is kept: record, receipt, history, rows, not_linkable."""
        return _json(await self._ask("GET", "/v1/rights/me", handle=handle))

    async def erase(self, site: str, handle: Handle) -> None:
        """Erase every row that is still linkable to the handle; harmless when repeated."""
        await self.forget(handle)
        await self._ask("POST", "/v1/rights/erase", b"", handle=handle)

    async def restrict(self, site: str, handle: Handle) -> None:
        """Keep what there is and stop using it (GDPR article 18)."""
        await self.forget(handle)
        await self._ask("POST", "/v1/rights/restrict", b"", handle=handle)

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
            prepared = self._relayed.prepare(caller, read_sent(payload, site=caller.site), asking)
            if caller.handle is not None and prepared.body is not None:
                self._outbox.add(caller.handle, prepared.body)
        except Exception as error:
            note("preparing events", error)

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: `POST /askfirst/events`; what the collector answers is what the page gets."""
        answer = await self._relayed.answer(scope, receive)
        await _send(answer, send)

    async def forget(self, handle: Handle) -> None:
        """Drop what waits of a visitor who refused or withdrew; what is sent is judged again."""
        await self._outbox.forget(handle)

    def resume(self, left: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Take up events that an earlier process left in the spill file, each with its key."""
        for key, body in left:
            self._outbox.add(str(body.get("handle")), body, key=key)

    async def host(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: the dashboard is at the collector's own address, not here."""
        await _send(problem(Refused("not-found", "the dashboard is where the collector is")), send)

    async def health(self) -> Mapping[str, object]:
        """Whether the collector can store; never raises."""
        try:
            reply = await self._asking.ask("GET", "/readyz", {})
            return _json(reply)
        except CollectorAway:
            return {"status": "away", "parts": {}}

    async def aclose(self) -> None:
        """Send what waits, or leave it in the spill file, and close the connections."""
        await self._outbox.aclose(PATIENCE)
        self._asking.close()
        self._telling.close()

    # On the wire

    async def _fetch_terms(self, etag: str | None) -> Reply:
        match = {} if etag is None else {"if-none-match": etag}
        return await self._ask("GET", "/v1/terms", more=match)

    async def _hand_on(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.spill is not None and self._outbox.is_away:
            raise CollectorAway("it was away when it was last asked")  # no page waits to hear again
        return await self._post_events(body)

    async def _post_events(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        reply = await self._request(self._telling, "POST", "/v1/events", _body(body), {})
        return _json(reply)

    async def _deliver(self, body: Mapping[str, Any]) -> None:
        try:
            await self._post_events(body)
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
        return await self._request(self._asking, method, path, body, headers)

    async def _request(
        self,
        way: Connections,
        method: str,
        path: str,
        body: bytes | None,
        more: Mapping[str, str],
    ) -> Reply:
        kind = {} if not body else {"content-type": "application/json"}
        reply = await way.ask(method, path, {**self._authorization, **kind, **more}, body)
        if reply.status in (200, 202, 304) or (
            path == "/v1/policies" and reply.status in _POLICY_REFUSED
        ):
            return reply
        raise _fault(reply)


def _read_keys(
    given: Path | str | tuple[bytes, ...], urandom: Callable[[int], bytes]
) -> tuple[bytes, ...]:
    if isinstance(given, tuple):
        if not given or any(not isinstance(key, bytes) or len(key) != 32 for key in given):
            raise WrongSetting("E032", "cookie_keys", "…", "give keys of 32 bytes, or their file")
        return given
    file = Path(given).absolute()
    try:
        keys = read_key_file(file, urandom=urandom)
        if os.name != "nt" and file.stat().st_mode & 0o077:
            raise Unusable(given, "others may read it: chmod 600")
    except (OSError, ValueError) as error:
        raise Unusable(given, f"it cannot be read as keys ({error})") from error
    return keys


def _body(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _json(reply: Reply) -> dict[str, Any]:
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CollectorAway("the collector's answer cannot be read")
    return found


def _fault(reply: Reply) -> Refused | CollectorAway:
    try:
        told = _json(reply)
    except CollectorAway:
        told = {}
    reason = str(told.get("reason"))
    if reason in _ANSWERS and 400 <= reply.status < 500:
        return Refused(reason, str(told.get("detail"))[:200])
    if reason == "wrong-key":
        log.error("askfirst.E031 the collector does not know this site's key")
    retry = reply.headers.get("retry-after", "")
    seconds = min(int(retry), 60) if retry.isdecimal() and len(retry) < 4 else 5
    return CollectorAway(f"the collector answered {reply.status}", retry_after=seconds)


def _conflicts(reply: Reply) -> PolicyError | CollectorAway:
    told = _json(reply).get("problems")
    if not isinstance(told, list):
        return CollectorAway("the collector's answer cannot be read")
    problems = [
        Problem(
            str(each.get("pointer")),
            each.get("found"),
            str(each.get("message")),
            each.get("allowed"),
            str(each.get("link", "")),
        )
        for each in told
        if isinstance(each, dict)
    ]
    for each in problems:
        log.error("askfirst.E033 the collector refuses this policy: %s", each)
    return PolicyError(problems)


async def _send(answer: Answer, send: Send) -> None:
    headers = answer.raw()
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
