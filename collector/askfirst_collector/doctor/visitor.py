"""Asks a site over HTTP and keeps every header as it came; follows nothing.

It keeps no cookie, unless it is given a jar for them.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from askfirst.errors import AskfirstError
from askfirst.http.headers import Header, listed, values
from askfirst.http.set_cookie import deletes, name_of

PATIENCE = 40.0  # seconds; a site that was just started may still be reading its modules
LARGEST = 2_000_000  # bytes of a body that are read
AGENT = "askfirst-doctor"
PORTS = {"http": 80, "https": 443}


class Unreachable(AskfirstError):
    """Nobody answered, or what came was no HTTP."""


@dataclass(frozen=True)
class Answer:
    """One response. `asked_at` and `took` in seconds; `address` and `port` are ours."""

    path: str
    status: int
    headers: tuple[Header, ...]
    body: bytes
    asked_at: float
    took: float
    address: str
    port: int

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a header."""
        return values(self.headers, name)

    def listed(self, name: bytes) -> list[bytes]:
        """The members of a header that is a list, in lower case."""
        return [value.lower() for value in listed(self.headers, name) if value]

    @property
    def is_html(self) -> bool:
        """Whether it is a page."""
        kinds = self.all(b"content-type")
        return self.status == 200 and bool(kinds) and kinds[0].lower().startswith(b"text/html")


@dataclass(frozen=True)
class Visitor:
    """Asks one origin. `connect` is where to connect instead of where its name points."""

    origin: str
    connect: tuple[str, int] | None
    tls: ssl.SSLContext | None
    now: Callable[[], float]
    jar: dict[str, str] | None = None  # by name; every path of the site gets them

    def get(self, path: str, *headers: tuple[str, str]) -> Answer:
        """GET one path. Raises Unreachable."""
        return self.send("GET", path, *headers)

    def send(
        self, method: str, path: str, *headers: tuple[str, str], body: bytes | None = None
    ) -> Answer:
        """Send one request. Raises Unreachable."""
        connection = self._connection()
        sent = {"Host": urlsplit(self.origin).netloc, "User-Agent": AGENT, "Accept": "text/html"}
        if self.jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        try:
            begun = self.now()
            connection.connect()
            address, port = connection.sock.getsockname()[:2]
            connection.request(method, path, body, {**sent, **dict(headers)})
            response = connection.getresponse()
            duration = self.now() - begun
            content = response.read(LARGEST)
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable(f"{self.origin}{path}: {error or type(error).__name__}") from error
        finally:
            connection.close()
        fields = tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in response.getheaders())
        self._keep(fields)
        return Answer(path, response.status, fields, content, begun, duration, address, port)

    def _keep(self, fields: tuple[Header, ...]) -> None:
        if self.jar is None:
            return
        for line in values(fields, b"set-cookie"):
            name = (name_of(line) or b"").decode("latin-1")
            self.jar.pop(name, None)
            if name and not deletes(line, self.now()):
                value = line.partition(b";")[0].partition(b"=")[2]
                self.jar[name] = value.strip().decode("latin-1")

    def certificate_ends(self) -> float | None:
        """When the site's certificate ends, in unix seconds; None without TLS."""
        connection = self._connection()
        if not isinstance(connection, HTTPSConnection):
            return None
        try:
            connection.connect()
            shown = connection.sock.getpeercert() or {}
        except (OSError, ValueError):
            return None
        finally:
            connection.close()
        until = shown.get("notAfter")
        return float(ssl.cert_time_to_seconds(until)) if isinstance(until, str) else None

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.origin)
        host = parts.hostname or ""
        port = parts.port or PORTS[parts.scheme]
        if parts.scheme == "https":
            context = self.tls or ssl.create_default_context()
            connection: HTTPConnection = HTTPSConnection(
                host, port, timeout=PATIENCE, context=context
            )
        else:
            connection = HTTPConnection(host, port, timeout=PATIENCE)
        if self.connect is not None:
            connection = _elsewhere(connection, self.connect)
        return connection


def _elsewhere(connection: HTTPConnection, where: tuple[str, int]) -> HTTPConnection:
    """The same connection, made to another address; the name in TLS stays."""
    make = connection._create_connection  # type: ignore[attr-defined]

    def create(address: object, *arguments: object, **more: object) -> object:
        return make(where, *arguments, **more)

    connection._create_connection = create  # type: ignore[attr-defined]
    return connection
