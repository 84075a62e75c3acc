"""A real HTTPS server that keeps what it was told, for webhooks."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Listener:
    """Where it listens, what came, and what it answers next."""

    port: int = 0
    ca: Path = Path()
    came: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    dripping: threading.Event | None = None

    def url(self, path: str = "/told", host: str = "hooks.example") -> str:
        """An address of it by a name that only a test resolves."""
        return f"https://{host}:{self.port}{path}"

    def trusting(self) -> ssl.SSLContext:
        """TLS that knows its certificate."""
        return ssl.create_default_context(cafile=str(self.ca))


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate of its own for a host, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / f"{host}.pem", folder / f"{host}.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


@contextmanager
def listening(folder: Path, host: str = "hooks.example") -> Iterator[Listener]:
    """A server on a port of its own, with a certificate for `host`."""
    found = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.came.append((self.path, headers, body))
            if found.dripping is not None:
                drip(self.wfile, found.dripping)
                return
            status, extra = found.answers.pop(0) if found.answers else (204, {})
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_PUT(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    chain, private = certificate(folder, host)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(chain), str(private))
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    found.port, found.ca = server.server_address[1], chain
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        if found.dripping is not None:
            found.dripping.set()
        server.shutdown()
        thread.join()
        server.server_close()


def drip(out: Any, ended: threading.Event) -> None:
    """An answer that never comes to its end, a byte at a time."""
    try:
        while not ended.wait(0.02):
            out.write(b"H")
    except OSError:
        pass


def silent() -> socket.socket:
    """A port that takes connections and says nothing."""
    return socket.create_server(("127.0.0.1", 0))
