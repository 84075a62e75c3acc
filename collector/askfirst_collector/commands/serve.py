"""`askfirst serve`: the collector as a server of its own, for relays and script-only sites."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import click

from askfirst.observe.network_sizes import SIZED
from askfirst_collector.commands.data import FILE, click_errors, host_policy_option
from askfirst_collector.commands.listening import (
    dashboard,
    ended_by_sigterm,
    listen,
    listening_options,
    origins,
    run,
    set_up_token,
)
from askfirst_collector.commands.server import server_app
from askfirst_collector.commands.workers import Settings, run_workers
from askfirst_collector.config import Folder
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.store.faults import BUSY, StoreFault

SHORTEST_TOKEN = 32  # characters
PATIENCE = 10.0  # seconds for another program that holds the folder
PAUSE = 0.1  # seconds between attempts, of which each waits for a lock by itself


@click.command()
@listening_options
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default="askfirst-data",
    show_default=True,
    help="The data folder, made where it is missing.",
)
@click.option(
    "--revocations",
    type=FILE,
    help="Where revocations.log lies from now on; else beside the data folder.",
)
@click.option(
    "--events",
    envvar="ASKFIRST_EVENTS",
    metavar="URL",
    help="A ClickHouse that has the rows from now on (http:, https:, chdb:); else events.db.",
)
@click.option(
    "--ledger",
    envvar="ASKFIRST_LEDGER",
    metavar="URL",
    help="A PostgreSQL that has the ledger from now on (postgresql:); else ledger.db.",
)
@click.option(
    "--salts",
    envvar="ASKFIRST_SALTS",
    metavar="URL",
    help="A PostgreSQL server of their own for the salts from now on; else salts.db.",
)
@click.option(
    "--metrics-token",
    type=FILE,
    help="Answer /metrics to whoever shows the token in this file; else there is no /metrics.",
)
@host_policy_option
@click.option("--places", type=FILE, help="An MMDB file; else the registries' own allocations.")
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    help="An address or network of a trusted proxy in front; may be given again.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that serve; as many as the machine has cores, where it is busy.",
)
@click.option(
    "--sized",
    type=click.IntRange(min=0),
    default=SIZED,
    show_default=True,
    help="Visitors of one network that count towards a size; 0: all of them, as on a campus.",
)
def serve(
    host: str,
    port: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
    data: Path,
    revocations: Path | None,
    events: str | None,
    ledger: str | None,
    salts: str | None,
    metrics_token: Path | None,
    host_policy: Path | None,
    places: Path | None,
    proxies: tuple[str, ...],
    workers: int,
    sized: int,
) -> None:
    """Serve the collector's own face (/v1/*) and the dashboard. Keeps no access log.

    Where ASKFIRST_OIDC_ISSUER, _CLIENT, _SECRET and _URL are set, members may sign in with that
    OpenID Connect provider; see docs/members.md. Where ASKFIRST_SMTP_HOST, ASKFIRST_SMTP_FROM and
    ASKFIRST_URL are set, they may have letters sent; see docs/letters.md.
    """
    with ExitStack() as stack:
        stack.enter_context(ended_by_sigterm())
        listener = stack.enter_context(listen(host, port, tls_certificate, tls_key))
        stack.enter_context(click_errors())
        if workers > 1:
            _check_alone(events or Folder(data).events_url)
        token = None if metrics_token is None else _read_token(metrics_token)
        settings = Settings(
            data,
            host_policy,
            places,
            proxies,
            revocations,
            events,
            ledger,
            salts,
            sized,
            metrics_token=token,
        )
        collector = settings.collector()
        stack.callback(collector.close)
        # A folder that cannot be used is said now, not to the first visitor.
        origin = origins(host, port, tls=tls_certificate is not None)[0]
        name, address = dashboard(origin, _set_up(collector, data))
        click.echo(f"The collector  {origin}/v1/\n{name}  {address}")
        if workers > 1:
            # Each has what it serves by open for itself.
            collector.close()
            run_workers(settings, workers, listener, tls_certificate, tls_key)
            return
        run(server_app(collector, metrics_token=token), listener, tls_certificate, tls_key)


def _set_up(collector: EmbeddedCollector, data: Path) -> str | None:
    """The token of a set-up link, once whoever holds the folder lets go of it."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return set_up_token(collector.parts())
        except StoreFault as error:
            if not error.reason.startswith(BUSY):
                raise
            if time.monotonic() > until:
                raise click.ClickException(
                    f"{error}: another program holds the files of {data}; end it (a backup, a "
                    "shell of sqlite3, an editor of databases), then start again"
                ) from error
        time.sleep(PAUSE)


def _check_alone(url: str) -> None:
    """One process has the engine open; another one would end, and be begun anew, without end."""
    if url.strip().lower().startswith("chdb:"):
        advice = "leave out --workers, or name the address of a ClickHouse server by --events"
        raise click.UsageError(f"The engine in this process is of one process: {advice}")


def _read_token(file: Path) -> bytes:
    try:
        token = file.read_bytes().strip()
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read ({error.strerror})") from error
    if len(token) < SHORTEST_TOKEN:
        advice = f"write {SHORTEST_TOKEN} characters or more into it: openssl rand -hex 32"
        raise click.ClickException(f"The token in {file} is short: {advice}")
    return token
