"""Where a server listens: loopback by default, TLS anywhere else."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import uvicorn

from askfirst_collector.commands.connections import (
    FEWEST,
    OWN_FILES,
    bounded_protocol,
    raise_file_limit,
)
from askfirst_collector.loopback import is_loopback
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.links import create_set_up_link

DEFAULT_PORT = 8321
YOUNG = 10_000  # new objects after which Python looks for garbage among them
CERTIFICATE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEEDS_TLS = (
    "{host} is not loopback, and consent, receipts and sign-in must not cross a network in the "
    "clear. Give --tls-certificate and --tls-key, or listen on 127.0.0.1 behind a proxy that "
    "ends TLS."
)


def listening_options(command: Any) -> Any:
    """`--host`, `--port`, `--tls-certificate`, `--tls-key`."""
    for option in (
        click.option("--tls-key", type=CERTIFICATE, help="Its private key, PEM."),
        click.option("--tls-certificate", type=CERTIFICATE, help="A certificate chain, PEM."),
        click.option(
            "--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True
        ),
        click.option(
            "--host", default="127.0.0.1", show_default=True, help="The address to listen on."
        ),
    ):
        command = option(command)
    return command


def listen(host: str, port: int, certificate: Path | None, key: Path | None) -> socket.socket:
    """A listening socket; refuses to listen off loopback without TLS."""
    if (certificate is None) != (key is None):
        raise click.UsageError("--tls-certificate and --tls-key go together.")
    if certificate is None and not is_loopback(host):
        raise click.UsageError(NEEDS_TLS.format(host=host))
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        raise click.ClickException(
            f"Port {port} of {host} cannot be used ({error.strerror}). Try --port {port + 1}."
        ) from error


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends what is inside as Ctrl+C does: all is closed, what is temporary goes."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def origins(host: str, port: int, *, tls: bool) -> list[str]:
    """The origins a browser may know the server by."""
    scheme, usual = ("https", 443) if tls else ("http", 80)
    names = ["127.0.0.1", "localhost"] if is_loopback(host) else [host]
    return [
        f"{scheme}://{f'[{name}]' if ':' in name else name}{'' if port == usual else f':{port}'}"
        for name in names
    ]


def run(app: Any, listener: socket.socket, certificate: Path | None, key: Path | None) -> None:
    """Serve until stopped, without an access log: it would hold what visitors did not agree to."""
    most = max(raise_file_limit() - OWN_FILES, FEWEST)
    config = uvicorn.Config(
        app, http=bounded_protocol(most=most), **server_options(certificate, key)
    )
    keep_for_good()
    # Ctrl+C is how it is meant to be stopped; uvicorn raises it again once all is closed.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


class WorkerConfig(uvicorn.Config):
    """Of one process of several: it counts its own connections, once it is there."""

    def load(self) -> None:
        """Make the protocol here: it cannot go from process to process."""
        self.http = bounded_protocol(most=max(raise_file_limit() - OWN_FILES, FEWEST))
        super().load()
        keep_for_good()


def keep_for_good() -> None:
    """Have Python's garbage collector pass over what a server loads at its start, and never ends.

    It goes through all of that otherwise, a tenth of a second in which nobody is answered. And
    through whatever waits for the disk, with each 700 objects more: most of that is no garbage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)


def server_options(certificate: Path | None, key: Path | None) -> dict[str, Any]:
    """How every server of ours is run, for `uvicorn.Config`."""
    return {
        "ws": "none",
        "log_level": "warning",
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "ssl_certfile": certificate,
        "ssl_keyfile": key,
    }


def set_up_token(parts: Services) -> str | None:
    """A new token for the one-time link; None where somebody has an account already."""
    return None if parts.members.any() else create_set_up_link(parts, ON_THE_MACHINE)


def dashboard(origin: str, token: str | None) -> tuple[str, str]:
    """How the dashboard is reached: what it is called, and its address."""
    address = f"{origin}/askfirst/host/"
    if token is None:
        return "The dashboard", address
    return "The dashboard (link works once)", f"{address}setup?token={token}"
