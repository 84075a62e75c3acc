"""`askfirst demo`: an example site, the notice, the collector and the dashboard on one port."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path
from random import Random

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from askfirst_collector.commands.data import click_errors
from askfirst_collector.commands.listening import (
    dashboard,
    ended_by_sigterm,
    listen,
    listening_options,
    origins,
    run,
    set_up_token,
)
from askfirst_collector.demo.chain import Sites, demo_sites
from askfirst_collector.demo.simulate import simulate
from askfirst_collector.demo.site import demo_collector, demo_site_and_office

VISITS = 1_500  # that are invented where nobody says
QUARTERS = 4  # lines of progress where there is no terminal


@click.command()
@listening_options
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the data in this folder; else a temporary one, gone at the end.",
)
@click.option(
    "--visits",
    type=click.IntRange(1, 1_000_000),
    help=f"How many visits of the last two weeks are invented first; else {VISITS}.",
)
@click.option("--empty", is_flag=True, help="Invent none: begin without any figure.")
def demo(
    host: str,
    port: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
    data: Path | None,
    visits: int | None,
    empty: bool,
) -> None:
    """Serve an example site with the notice, the collector and the dashboard.

    It opens with two weeks of invented figures, called simulated on every page of the dashboard;
    a folder that has data keeps them as they are.
    """
    if empty and visits:
        raise click.UsageError("--empty and --visits exclude each other.")
    with ExitStack() as stack:
        stack.enter_context(ended_by_sigterm())
        listener = stack.enter_context(listen(host, port, tls_certificate, tls_key))
        if data is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="askfirst-demo-"))
            data = Path(folder, "data")  # what lies beside it goes with it
        stack.enter_context(click_errors())
        sites = demo_sites(origins(host, port, tls=tls_certificate is not None))
        if visits is not None and (data / "ledger.db").exists():
            raise click.UsageError(f"{data} has data already: --visits needs a folder of its own.")
        if not empty and not (data / "ledger.db").exists():
            _invent(data, sites, visits or VISITS)
        collector = demo_collector(data)
        stack.callback(collector.close)
        application = demo_site_and_office(collector, sites)
        _greet(sites, set_up_token(collector.parts()), data)
        run(application, listener, tls_certificate, tls_key)


def _invent(data: Path, sites: Sites, visits: int) -> None:
    console = Console(stderr=True, highlight=False)
    with _bar(console) if console.is_terminal else nullcontext() as bar:
        task = bar.add_task("visits", total=visits) if bar else None
        count = 0

        def progress() -> None:
            nonlocal count
            count += 1
            if bar and task is not None:
                bar.advance(task)
            elif count * QUARTERS // visits > (count - 1) * QUARTERS // visits:
                # Without a terminal a bar says nothing until it is over.
                console.print(f"Inventing two weeks of visits: {count * 100 // visits} %")

        simulate(
            data,
            sites,
            visits,
            now=time.time(),
            chance=Random(),  # noqa: S311 (visitors, not secrets)
            progress=progress,
        )


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("Inventing two weeks of visits"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _greet(sites: Sites, token: str | None, data: Path) -> None:
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    origin = sites.shop.origins[0]
    rows = [
        ("The shop", f"{origin}/"),
        *([("A second site", f"{sites.office.origins[0]}/")] if sites.office else []),
        ("Behind the demo", f"{origin}/behind"),
        ("What is kept about you", f"{origin}/askfirst/rights/me"),
        dashboard(origin, token),
        ("Data", str(data)),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        console.print(Text.assemble((f"{name:<{width}}  ", "dim"), value))
    console.print(Text("Ctrl+C stops it.", style="dim"))
    sys.stdout.flush()
