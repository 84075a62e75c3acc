"""Connections to a collector: kept, verified, and bounded in time and size."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from askfirst.errors import CollectorUnavailable, Unusable
from askfirst.remote import connections as http_connections
from askfirst.remote.connections import Connections, Place

pytestmark = pytest.mark.anyio


class Handler(BaseHTTPRequestHandler):
    """Answers by the path, and remembers who asked from which port."""

    protocol_version = "HTTP/1.1"
    seen: list[int]
    held: threading.Event

    def do_GET(self) -> None:
        self.seen.append(self.client_address[1])
        if self.path == "/p/hangs":
            self.held.wait(20)
        body = b"x" * (100 if self.path == "/p/long" else 2)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        # As a server does that closes what it kept for too long.
        self.close_connection = self.path == "/p/closes"

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def served(tls: tuple[Path, Path] | None = None) -> Iterator[tuple[int, type[Handler]]]:
    handler: type[Handler] = type("One", (Handler,), {"seen": [], "held": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, tls))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], handler
    finally:
        handler.held.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def connections(url: str, *, ca: Path | None = None, **options: Any) -> Iterator[Connections]:
    chosen = {"seconds": 5.0, "threads": 2, "most_waiting": 2, **options}
    found = Connections(Place.of(url, ca), **chosen)
    try:
        yield found
    finally:
        found.close()


async def test_a_connection_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other over one; not over one that was idle for long."""
    with served() as (port, handler), connections(f"http://127.0.0.1:{port}/p/") as way:
        for _ in range(3):
            assert (await way.ask("GET", "/a", {})).body == b"xx"
        assert len(set(handler.seen)) == 1
        monkeypatch.setattr(http_connections, "IDLE", -1.0)
        await way.ask("GET", "/a", {})
        assert len(set(handler.seen)) == 2


async def test_a_kept_connection_that_was_closed_is_not_a_fault() -> None:
    """The request goes out once more, over a new one."""
    with served() as (port, handler), connections(f"http://127.0.0.1:{port}/p") as way:
        for _ in range(5):
            assert (await way.ask("GET", "/closes", {})).status == 200
        assert len(handler.seen) == 5


async def test_time_and_size_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """S19: what hangs is given up, what is too long is not read, nor are too many."""
    with served() as (port, _), connections(f"http://127.0.0.1:{port}/p", seconds=0.2) as way:
        with pytest.raises(CollectorUnavailable):
            await way.ask("GET", "/hangs", {})
        monkeypatch.setattr(http_connections, "LARGEST", 50)
        with pytest.raises(CollectorUnavailable):
            await way.ask("GET", "/long", {})
        monkeypatch.undo()
        many = [way.ask("GET", "/hangs", {}) for _ in range(10)]
        found = await asyncio.gather(*many, return_exceptions=True)
        assert all(isinstance(each, CollectorUnavailable) for each in found)
        assert sum("too much waits" in str(each) for each in found) == 6


async def test_what_did_not_start_never_does() -> None:
    """Grants are never queued: a request that nobody waits for any more is not sent."""
    with served() as (port, handler), connections(f"http://127.0.0.1:{port}/p", threads=1) as way:
        first = asyncio.create_task(way.ask("GET", "/hangs", {}))
        while not handler.seen:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await way.ask("GET", "/grant", {})
        handler.held.set()
        await first
        await way.ask("GET", "/last", {})
        assert len(handler.seen) == 2


async def test_nobody_listens() -> None:
    """CollectorUnavailable, and so it is once the site is ending."""
    with served() as (port, _):
        pass
    with connections(f"http://127.0.0.1:{port}") as way:
        with pytest.raises(CollectorUnavailable):
            await way.ask("GET", "/", {})
        way.close()
        with pytest.raises(CollectorUnavailable, match="ending"):
            await way.ask("GET", "/", {})


async def test_certificates_are_verified(tmp_path: Path) -> None:
    """TLS with a name and a chain that hold, or nothing."""
    own, other = certificate(tmp_path, "own"), certificate(tmp_path, "other")
    with served(own) as (port, handler):
        with connections(f"https://localhost:{port}/p", ca=own[0]) as way:
            assert (await way.ask("GET", "/a", {})).status == 200
        for host, ca in (("localhost", None), ("localhost", other[0]), ("127.0.0.1", own[0])):
            unverified = pytest.raises(CollectorUnavailable, match="SSLCertVerificationError")
            with connections(f"https://{host}:{port}/p", ca=ca) as way, unverified:
                await way.ask("GET", "/a", {})
        assert len(handler.seen) == 1
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(Unusable, match="certificates"):
        Place.of("https://localhost", tmp_path / "empty.pem")


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for `localhost`, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
