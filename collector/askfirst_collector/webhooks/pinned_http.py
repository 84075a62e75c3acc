"""A request to an address that somebody else chose, so that it reaches the public net alone.

The name is resolved once; unless every address of it is public, nothing is sent. The connection is
made to the address that was judged, and TLS is verified against the name, so that a name that
changes its mind in between leads nowhere.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from http.client import HTTPException, HTTPSConnection
from ipaddress import ip_address
from urllib.parse import urlsplit

from askfirst_collector.public_address import Address, is_public

Resolve = Callable[[str, int], Sequence[str]]

SECONDS = 5.0  # for all of it, however slowly an answer comes


class Unreachable(Exception):
    """It did not arrive; the message is a stable word."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system knows them."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in entries]


class Poster:
    """Posts to the public net; `allowed` says which addresses that is."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        allowed: Callable[[Address], bool] = is_public,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._given = tls
        self._seconds = seconds

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Reads every certificate of the system: only where something is sent.
        return self._given or ssl.create_default_context()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """`send` of what is known before."""
        return self.send("POST", url, lambda: (headers, body))

    def send(
        self, method: str, url: str, content: Callable[[], tuple[Mapping[str, str], bytes]]
    ) -> int:
        """The status of the answer, whose body is not read and whose redirect is not followed.

        `content`, headers and body, is asked for once the other side is there, right before it is
        sent; what it raises is raised, and nothing was sent. Raises Unreachable.
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = _Pinned(self._pin(host, port), host, port, self._tls, self._seconds)
        watch = threading.Timer(self._seconds, connection.cut)
        watch.daemon = True
        watch.start()
        try:
            with _faults():
                connection.connect()
            headers, body = content()
            with _faults():
                connection.request(method, target, body, dict(headers))
                return connection.getresponse().status
        finally:
            watch.cancel()
            connection.close()

    def _pin(self, host: str, port: int) -> str:
        try:
            addresses = [
                ip_address(address.partition("%")[0]) for address in self._resolve(host, port)
            ]
        except (OSError, ValueError):
            raise Unreachable("no-address") from None
        if not addresses:
            raise Unreachable("no-address")
        # One that is not public says enough about the name.
        if not all(map(self._allowed, addresses)):
            raise Unreachable("not-public")
        return str(addresses[0])


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except ssl.SSLError:
        raise Unreachable("tls") from None
    except (OSError, HTTPException, ValueError):
        raise Unreachable("no-answer") from None


class _Pinned(HTTPSConnection):
    """A connection to an address, verified as a host."""

    def __init__(
        self, address: str, host: str, port: int, tls: ssl.SSLContext, seconds: float
    ) -> None:
        super().__init__(host, port, timeout=seconds, context=tls)
        self._address = address
        self._context = tls

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = plain  # so that it can be cut while TLS is being spoken
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)

    def cut(self) -> None:
        """End it, whatever it waits for."""
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
