"""`askfirst demo`: an example site, the notice, the collector and the dashboard on one port."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random

import click
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from askfirst.terms.policy import Policy
from askfirst_collector.config import open_folder
from askfirst_collector.demo.simulate import simulate
from askfirst_collector.demo.site import demo_collector, demo_policy, demo_site
from askfirst_collector.registry.members import Members
from askfirst_collector.store.database import open_ledger

DEFAULT_PORT = 8321
NEEDS_TLS = (
    "{host} is not loopback, and consent, receipts and sign-in must not cross a network in the "
    "clear. Give --tls-certificate and --tls-key, or listen on 127.0.0.1 behind a proxy that "
    "ends TLS."
)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the data in this folder; else a temporary one, gone at the end.",
)
@click.option(
    "--visits",
    type=click.IntRange(1, 1_000_000),
    help="First invent so many visits of the last two weeks, called simulated everywhere.",
)
@click.option("--tls-certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def demo(
    host: str,
    port: int,
    data: Path | None,
    visits: int | None,
    tls_certificate: Path | None,
    tls_key: Path | None,
) -> None:
    """Serve an example site with the notice, the collector and the dashboard."""
    tls = tls_certificate is not None and tls_key is not None
    check_listening(host, tls=tls)
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(host, port))
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="askfirst-demo-")))
        scheme = "https" if tls else "http"
        names = ["127.0.0.1", "localhost"] if is_loopback(host) else [host]
        policy = demo_policy([f"{scheme}://{_authority(name, port, scheme)}" for name in names])
        if visits is not None:
            _invent(data, policy, visits)
        _serve_demo(listener, policy, data, tls_certificate, tls_key)


def _invent(data: Path, policy: Policy, visits: int) -> None:
    if (data / "ledger.db").exists():
        raise click.UsageError(f"{data} has data already: --visits needs a folder of its own.")
    with Progress(
        TextColumn("Inventing two weeks of visits"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("visits", total=visits)
        simulate(
            data,
            policy,
            visits,
            now=time.time(),
            chance=Random(),  # noqa: S311 (visitors, not secrets)
            progress=lambda: bar.advance(task),
        )


def _serve_demo(
    listener: socket.socket,
    policy: Policy,
    data: Path,
    certificate: Path | None,
    key: Path | None,
) -> None:
    collector = demo_collector(data)
    site = demo_site(collector, policy)
    _greet(policy.origins[0], set_up_link(data), data)
    server = uvicorn.Server(
        uvicorn.Config(
            site,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
    )
    try:
        server.run(sockets=[listener])
    finally:
        collector.close()


def set_up_link(data: Path) -> str | None:
    """A new token for the one-time link; None where somebody has an account already."""
    engine = open_ledger(open_folder(data).ledger)
    try:
        members = Members(engine, now=time.time, urandom=os.urandom)
        return None if members.any() else members.new_link()
    finally:
        engine.dispose()


def check_listening(host: str, *, tls: bool) -> None:
    """Refuse to listen off loopback without TLS."""
    if not tls and not is_loopback(host):
        raise click.UsageError(NEEDS_TLS.format(host=host))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise click.ClickException(
            f"Port {port} of {host} cannot be used ({error.strerror}). Try --port {port + 1}."
        ) from error


def _authority(name: str, port: int, scheme: str) -> str:
    host = f"[{name}]" if ":" in name else name
    return host if port == {"http": 80, "https": 443}[scheme] else f"{host}:{port}"


def _greet(origin: str, link: str | None, data: Path) -> None:
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    rows = [("The shop", f"{origin}/"), ("What is kept about you", f"{origin}/askfirst/rights/me")]
    if link is not None:
        rows.append(
            ("The dashboard (link works once)", f"{origin}/askfirst/host/setup?token={link}")
        )
    else:
        rows.append(("The dashboard", f"{origin}/askfirst/host/"))
    rows.append(("Data", str(data)))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        console.print(Text.assemble((f"{name:<{width}}  ", "dim"), value))
    console.print(Text("Ctrl+C stops it.", style="dim"))
