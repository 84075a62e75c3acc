"""Connections to one collector: kept alive, bounded in number, in time and in what they read."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from .errors import CollectorAway, Unusable, WrongSetting

LARGEST = 8_000_000  # bytes of an answer
IDLE = 4.0  # seconds; servers close what is idle after five or more
_ADVICE = "write https://HOST, or http:// on loopback alone; no query, no user, no fragment"


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

    Started at first use, so that a process may fork before. Whatever fails is CollectorAway.
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
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """One request and its answer; one that did not start when this is cancelled never does.

        Repeated once where a connection that was kept turns out to be closed: events carry the
        name of their batch, and an answer that is recorded twice says the same.
        """
        if self._closed:
            raise CollectorAway("the site is ending")
        if self._waiting >= self._most:
            raise CollectorAway("too much waits for the collector")
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, "askfirst-collector")
        work = partial(self._ask, method, self._place.prefix + path, headers, body)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except (OSError, HTTPException) as error:
            raise CollectorAway(f"the collector does not answer: {type(error).__name__}") from error
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
        kept = self._take()
        if kept is not None:
            try:
                return self._exchange(kept, method, path, headers, body)
            except (ConnectionError, HTTPException):
                pass
        fresh = self._place.connect(self._seconds)
        return self._exchange(fresh, method, path, headers, body)

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
            told = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, told, content)
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
