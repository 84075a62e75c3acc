"""Connections to one collector: kept alive, bounded in number, in time and in what they read."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from askfirst.errors import (
    STATUS,
    CollectorUnavailable,
    PolicyError,
    Problem,
    Reason,
    Refused,
    Unusable,
    WrongSetting,
)

log = logging.getLogger("askfirst")

POLICY_REFUSED = (409, 422)  # beyond the chain above it, or wrong in itself
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
LARGEST = 8_000_000  # bytes of an answer
IDLE = 4.0  # seconds; servers close what is idle after five or more
_ADVICE = "write https://HOST, or http:// on loopback alone; no query, no user, no fragment"


class AnswerLost(CollectorUnavailable):
    """Whether the collector did what it was asked is not known."""


@dataclass(frozen=True)
class Reply:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Place:
    """Where a collector is."""

    host: str
    port: int | None
    prefix: str
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str, ca: Path | None) -> Place:
        """Read the address; raises WrongSetting `askfirst.E030`, and Unusable for the file `ca`."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise WrongSetting("E030", "url", url, _ADVICE) from None
        odd = "@" in parts.netloc or parts.query or parts.fragment
        plain = parts.scheme == "http" and _is_loopback(host)
        if not host or odd or not (plain or parts.scheme == "https"):
            raise WrongSetting("E030", "url", url, _ADVICE)
        return cls(host, port, parts.path.rstrip("/"), None if plain else _context(ca))

    def connect(self, seconds: float) -> HTTPConnection:
        """A connection that opens at its first request."""
        if self.tls is None:
            return HTTPConnection(self.host, self.port, timeout=seconds)
        return HTTPSConnection(self.host, self.port, timeout=seconds, context=self.tls)


class Connections:
    """Asks from a few threads, each request on a connection of its own while it lasts.

    Started at first use, so that a process may fork before. Whatever fails is CollectorUnavailable.
    """

    def __init__(self, place: Place, *, seconds: float, threads: int, most_waiting: int) -> None:
        self._place = place
        self._seconds = seconds
        self._threads = threads
        self._most = threads + most_waiting
        self._waiting = 0
        self._closed = False
        self._lock = threading.Lock()
        self._idle: list[tuple[float, HTTPConnection]] = []
        self._pool: ThreadPoolExecutor | None = None

    async def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        during: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Reply:
        """One request and its answer; one that did not start when this is cancelled never does.

        Repeated once where a connection that was kept turns out to be closed: events carry the
        name of their batch, and an answer that is recorded twice says the same. `during` is entered
        for as long as the request is under way, also where nobody waits for it any more.
        """
        if self._closed:
            raise CollectorUnavailable("the site is ending")
        if self._waiting >= self._most:
            raise CollectorUnavailable("too much waits for the collector")
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, "askfirst-collector")
        ask = partial(self._ask, method, self._place.prefix + path, headers, body)

        def work() -> Reply:
            with during():
                return ask()

        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except (OSError, HTTPException) as error:
            away = CollectorUnavailable if isinstance(error, ConnectionRefusedError) else AnswerLost
            raise away(f"the collector does not answer: {type(error).__name__}") from error
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Close what is idle; what is under way ends by its time."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        connection = self._take()
        lost: Exception | None = None
        if connection is not None:
            try:
                return self._exchange(connection, method, path, headers, body)
            except (ConnectionError, HTTPException) as error:
                lost = error
        fresh = self._place.connect(self._seconds)
        try:
            return self._exchange(fresh, method, path, headers, body)
        except ConnectionRefusedError as error:
            # The first of the two requests may have come to its end before all connections did.
            raise error if lost is None else lost from error

    def _exchange(
        self,
        connection: HTTPConnection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Reply:
        keep = False
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            content = response.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise HTTPException("the answer is too long")
            keep = not response.will_close
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, fields, content)
        finally:
            with self._lock:
                keep = keep and not self._closed
                if keep:
                    self._idle.append((time.monotonic(), connection))
            if not keep:
                connection.close()

    def _take(self) -> HTTPConnection | None:
        with self._lock:
            while self._idle:
                since, connection = self._idle.pop()
                if time.monotonic() - since < IDLE:
                    return connection
                connection.close()
        return None


def checked(reply: Reply) -> Reply:
    """The same answer; Refused or CollectorUnavailable for what is none that was asked for."""
    if reply.status in (200, 202, 304):
        return reply
    raise _fault(reply)


def as_object(reply: Reply) -> dict[str, Any]:
    """The JSON object of an answer; AnswerLost where it holds none."""
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise AnswerLost("the collector's answer cannot be read")
    return value


def _fault(reply: Reply) -> Refused | CollectorUnavailable:
    try:
        body = as_object(reply)
    except CollectorUnavailable:
        body = {}
    reason = str(body.get("reason"))
    if reason in _ANSWERS and 400 <= reply.status < 500:
        return Refused(Reason(reason), str(body.get("detail"))[:200])
    if reason == Reason.WRONG_KEY:
        log.error("askfirst.E031 the collector does not know this site's key")
    retry = reply.headers.get("retry-after", "")
    seconds = min(int(retry), 60) if retry.isdecimal() and len(retry) < 4 else 5
    # A proxy in front that gives up does not know what the collector does meanwhile.
    away = CollectorUnavailable if reason in STATUS else AnswerLost
    return away(f"the collector answered {reply.status}", retry_after=seconds)


def conflicts(reply: Reply) -> PolicyError | CollectorUnavailable:
    """What a collector has against a policy."""
    listed = as_object(reply).get("problems")
    if not isinstance(listed, list):
        return CollectorUnavailable("the collector's answer cannot be read")
    problems = [
        Problem(
            str(problem.get("pointer")),
            problem.get("found"),
            str(problem.get("message")),
            problem.get("allowed"),
            str(problem.get("link", "")),
        )
        for problem in listed
        if isinstance(problem, dict)
    ]
    return PolicyError(problems)


def _context(ca: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        if ca is not None:
            context.load_verify_locations(str(ca))
    except (OSError, ssl.SSLError) as error:
        raise Unusable(ca, f"it holds no certificates ({type(error).__name__})") from error
    return context


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
