"""What an events request is answered."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

import orjson
from msgspec import Struct

from askfirst.contracts.drops import Drop
from askfirst.errors import STATUS, CollectorUnavailable, PolicyError, Reason, Refused
from askfirst.http.cookie_header import STATE, named
from askfirst.http.set_cookie import delete

Header = tuple[bytes, bytes]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PROBLEM = b"application/problem+json"


# A page whose receipt is not valid stops sending: its state cookie says more than the ledger.
def expire_state() -> Header:
    """The line that takes the state cookie of this site back."""
    return delete(named(STATE), same_site="Lax")


class Answer(Struct, frozen=True):
    """One response, whole."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = ()
    type: bytes = b"application/json"

    async def send(self, send: Send) -> None:
        """Send it; nobody may keep a copy."""
        headers = [
            (b"content-type", self.type),
            (b"content-length", str(len(self.body)).encode()),
            (b"cache-control", b"no-store"),
            *self.headers,
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def accepted(stored: int, dropped: Iterable[tuple[int, Drop]]) -> bytes:
    """The body of a 202: how many events are on disk, and why each other one is not."""
    listed = [{"index": index, "reason": reason} for index, reason in dropped]
    return orjson.dumps({"stored": stored, "dropped": listed})


def refused(error: Refused, headers: Sequence[Header] = ()) -> Answer:
    """A request that is wrong as a whole (RFC 9457)."""
    if error.retry_after is not None:
        headers = (*headers, (b"retry-after", str(error.retry_after).encode()))
    return _problem(error.reason, error.detail, headers)


def conflicting(error: PolicyError) -> Answer:
    """A policy that is not published, with every problem of it (M31)."""
    above = any(problem.link for problem in error.problems)
    reason = Reason.POLICY_CONFLICT if above else Reason.POLICY_REFUSED
    refused = Refused(reason, "change what `problems` names")
    fields = {"status": refused.status, "reason": refused.reason, "detail": refused.detail}
    problems = [problem.as_dict() for problem in error.problems]
    # What was found may be a number of any size, which orjson does not write.
    body = json.dumps({**fields, "problems": problems}, default=str, ensure_ascii=False)
    return Answer(refused.status, body.encode(), (), PROBLEM)


def unavailable(error: CollectorUnavailable) -> Answer:
    """Nothing was stored, and the same request may succeed later."""
    retry = (b"retry-after", str(error.retry_after).encode())
    return _problem(Reason.COLLECTOR_AWAY, "nothing was stored; send it again later", (retry,))


def _problem(reason: Reason, detail: str, headers: Sequence[Header]) -> Answer:
    status = STATUS[reason]
    body = orjson.dumps({"status": status, "reason": reason, "detail": detail})
    return Answer(status, body, tuple(headers), PROBLEM)
