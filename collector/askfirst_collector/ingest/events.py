"""`POST /askfirst/events` and `POST /v1/events`: bare ASGI, ahead of any router.

The order is the promise: receipt and signals are judged before User-Agent, Accept-Language, Referer
or the address, the limiter aside, are looked at. Without a valid receipt the answer is `no-grant`
for every event, and nothing is written or said anywhere.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from askfirst.client import Caller, Receive
from askfirst.contracts.body import JSON, TEXT, media_type, read_body
from askfirst.contracts.events import EventBatch, read_batch, read_page_batch
from askfirst.errors import AskfirstError, CollectorUnavailable, Reason, Refused
from askfirst.gate.signals import SIGNALS
from askfirst.http.cookie_header import STATE, named, read_cookies
from askfirst.http.headers import Headers, first, picked
from askfirst.observe.address import Address
from askfirst.observe.event import DIRECT, Raw
from askfirst.observe.location import Locator
from askfirst.observe.network_limit import MOST_GRANTS, AddressLimit
from askfirst.observe.network_sizes import SIZED, NetworkSizes
from askfirst.observe.proxies import Proxies
from askfirst.terms.edition import Edition
from askfirst_collector.ingest.accept_batch import IngestResult, Intake, Read
from askfirst_collector.ingest.callers import Callers, bearer
from askfirst_collector.ingest.fast_json import read_json
from askfirst_collector.ingest.pending import EventConsentStatuses
from askfirst_collector.ingest.read_rows import Sender
from askfirst_collector.ingest.responses import Answer, Send, expire_state, refused, unavailable
from askfirst_collector.ingest.script_budget import MINUTE, MOST_OF_A_NETWORK
from askfirst_collector.services import Services

log = logging.getLogger("askfirst.collector")

Scope = MutableMapping[str, Any]

CALLER = "askfirst.caller"  # in the scope: what a gate vouches for
_FORWARDED = frozenset({b"x-forwarded-for", b"forwarded"})
# All that is looked at before the receipt is judged, the address aside.
_JUDGED = SIGNALS | {
    *(b"authorization", b"content-encoding", b"content-length", b"content-type"),
    *(b"origin", b"sec-fetch-site"),
}
# Everything of a request that an attribute is made from.
_OBSERVED = _FORWARDED | {b"user-agent", b"accept-language"}


class Events:
    """The callable for both paths: a gate's scope carries its Caller, on `/v1` the body says who.

    `now` gives unix seconds.
    """

    def __init__(
        self,
        intake: Intake,
        senders: Callers,
        *,
        now: Callable[[], float],
        limit: AddressLimit,
        grants: AddressLimit,
        scripted: AddressLimit,
        answers: NetworkSizes,
        proxies: Proxies = DIRECT,
    ) -> None:
        self._intake = intake
        self._callers = senders
        self._now = now
        self._limit = limit
        self._grants = grants
        self._scripted = scripted
        self._answers = answers
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing that is raised in here leaves it."""
        try:
            answer = await self._answer(scope, receive)
        except Refused as error:
            answer = refused(error)
        except CollectorUnavailable as error:
            answer = unavailable(error)
        except Exception as error:
            # Only the type: a message may hold what the visitor sent.
            log.error("askfirst.E130 events failed: %s", type(error).__name__)
            answer = unavailable(CollectorUnavailable("a fault of ours"))
        await answer.send(send)

    async def submit(
        self, caller: Caller, payload: Mapping[str, object], *, headers: Headers, peer: str
    ) -> None:
        """Events that the site's server saw; the same rules, no answer, never raises."""
        try:
            read = partial(self._of_gate, caller, headers, lambda: payload)
            await self._take(read, headers, peer, None)
        except AskfirstError:
            return
        except Exception as error:
            log.error("askfirst.E131 events of a server failed: %s", type(error).__name__)

    def allows(self, headers: Headers, peer: str) -> bool:
        """Count one request of a network; whether it is within the limit."""
        return self._allows(self._limit, peer, headers)

    def admits(self, headers: Headers, peer: str) -> bool:
        """Count one grant of a network; whether it is within the limit."""
        return self._allows(self._grants, peer, headers)

    def admits_script(self, headers: Headers, peer: str) -> bool:
        """`admits`, and within what one network may take of a site's budget in a minute."""
        return self._allows(self._scripted, peer, headers) and self.admits(headers, peer)

    def counts_answer(self, edition: Edition, handle: str, headers: Headers, peer: str) -> bool:
        """Whether an answer is one of the few of its network that count towards sizes."""
        return self._answers.counts_answer(
            edition, handle, self._now(), self._address(peer, headers)
        )

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            error = Refused(Reason.METHOD_NOT_ALLOWED, "send POST")
            return refused(error, [(b"allow", b"POST")])
        headers: Headers = scope["headers"]
        judged = picked(headers, _JUDGED)
        client = scope.get("client")
        peer: str = client[0] if client else ""
        caller: Caller | None = scope.get(CALLER)
        key = bearer(judged) if caller is None else None
        own = self._callers.site_of_key(key) if key is not None else None
        address = None
        # A relay speaks for a whole site; a wrong key is counted like everybody.
        if own is None:
            address = self._address(peer, headers)
            if not self._limit.allows(address):
                raise Refused(Reason.TOO_MANY_REQUESTS, "send less")
        if caller is not None:
            self._callers.check_origin(self._callers.site(caller.site), judged)
            body = partial(read_json, await _read(judged, receive))
            read = partial(self._of_gate, caller, judged, body)
            outcome = await self._take(read, headers, peer, address)
            expiry = () if outcome.valid or not _grants(headers) else (expire_state(),)
            return Answer(202, outcome.body, expiry)
        if key is not None and own is None:
            raise Refused(Reason.WRONG_KEY, "send the key of a site")
        body = partial(read_json, await _read(judged, receive))
        if own is not None:
            # A relay that hung up tells its visitors that they withdrew, whatever came of this.
            gone = asyncio.ensure_future(_hung_up(receive))
            try:
                read = partial(self._of_relay, own, judged, body, lambda: not _is_true(gone))
                return Answer(202, (await self._take(read, headers, peer, address)).body)
            finally:
                gone.cancel()
        outcome = await self._take(partial(self._of_script, judged, body), headers, peer, address)
        # It is one of the site's, or nothing was taken.
        origin = first(judged, b"origin") or b"null"
        cors = ((b"access-control-allow-origin", origin), (b"vary", b"Origin"))
        return Answer(202, outcome.body, cors)

    def _take(
        self, read: Read, headers: Headers, peer: str, address: Address | None
    ) -> Awaitable[IngestResult]:
        now = self._now()
        return self._intake.take(read, now, partial(_raw, headers, peer, now, address))

    def _of_gate(
        self, caller: Caller, headers: Headers, body: Callable[[], object]
    ) -> tuple[Sender, EventBatch]:
        sent = read_page_batch(body(), site=caller.site)
        return self._callers.of_gate(self._callers.site(caller.site), caller, sent, headers), sent

    def _of_relay(
        self,
        own: str,
        headers: Headers,
        body: Callable[[], object],
        is_awaited: Callable[[], bool],
    ) -> tuple[Sender, EventBatch]:
        sent = read_batch(body(), relay=True)
        return replace(self._callers.of_relay(own, sent, headers), is_awaited=is_awaited), sent

    def _of_script(self, headers: Headers, body: Callable[[], object]) -> tuple[Sender, EventBatch]:
        sent = read_batch(body())
        return self._callers.of_script(sent, headers), sent

    def _allows(self, limit: AddressLimit, peer: str, headers: Headers) -> bool:
        return limit.allows(self._address(peer, headers))

    def _address(self, peer: str, headers: Headers) -> Address | None:
        forwarded = {} if self._proxies is DIRECT else _only(headers, _FORWARDED)
        return self._proxies.client(peer, forwarded)


async def _hung_up(receive: Receive) -> bool:
    try:
        return bool((await receive())["type"] == "http.disconnect")
    except Exception as error:
        log.error("askfirst.E130 events failed: %s", type(error).__name__)
        return False


def _is_true(task: asyncio.Future[bool]) -> bool:
    return task.done() and (task.cancelled() or task.result())


async def _read(headers: Headers, receive: Receive) -> bytes:
    media_type(headers, JSON, TEXT)
    return await read_body(headers, receive)


def _raw(headers: Headers, peer: str, now: float, address: Address | None) -> Raw:
    return Raw(_only(headers, _OBSERVED), peer, now, address)


def _only(headers: Headers, names: Collection[bytes]) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        if (lowered := name.lower()) in names:
            fields[lowered] = fields[lowered] + b", " + value if lowered in fields else value
    return fields


def _grants(headers: Headers) -> bool:
    """Whether the state cookie says that something was agreed to.

    Its signature does not matter: what is answered is that the browser may drop it.
    """
    return any(
        _says_granted(value) for name, value in read_cookies(headers) if name == named(STATE)
    )


def _says_granted(token: bytes) -> bool:
    body = token.split(b".")[1:2]
    try:
        claims = json.loads(base64.urlsafe_b64decode(body[0] + b"=" * (-len(body[0]) % 4)))
        # Of before it holds pairs: a detail, and the edition that bounds it.
        details = (pair[0] if isinstance(pair, list) else pair for pair in claims["ch"].values())
        return any(details)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False


def open_events(
    parts: Services,
    *,
    place: Locator | None = None,
    proxies: Proxies = DIRECT,
    limit: AddressLimit | None = None,
    sized: int = SIZED,
) -> Events:
    """The callable over a collector's parts; `place` and `proxies` find a visitor's country.

    `sized` visitors of one network count towards the size of a cell; 0 for all of them.
    """
    senders = Callers(parts.registry)
    sizes = partial(
        NetworkSizes,
        urandom=parts.urandom,
        most=sized,
        slots=parts.network_slots,
        among=None if parts.machines is None else parts.machines.among,
    )
    intake = Intake(
        statuses=EventConsentStatuses(parts.ledger, parts.spool),
        salts=parts.salts,
        store=parts.events,
        placed_of=senders.placed,
        place=place,
        proxies=proxies,
        networks=sizes(),
    )
    # By themselves: who is sized by what they visit may not be by what they answer.
    answers = sizes()
    return Events(
        intake,
        senders,
        now=parts.now,
        limit=limit or AddressLimit(now=parts.now, urandom=parts.urandom),
        grants=AddressLimit(now=parts.now, urandom=parts.urandom, most=MOST_GRANTS),
        scripted=AddressLimit(
            now=parts.now, urandom=parts.urandom, most=MOST_OF_A_NETWORK, window=MINUTE
        ),
        answers=answers,
        proxies=proxies,
    )
