"""`askfirst move`: a host goes from its files to PostgreSQL and ClickHouse."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from askfirst_collector.commands.data import click_errors, data_option
from askfirst_collector.commands.printing import print_json
from askfirst_collector.config import Folder
from askfirst_collector.ledger.check import check_folder
from askfirst_collector.runtime.move import Portion, Targets, rehearse_move
from askfirst_collector.runtime.move import move as move_folder
from askfirst_collector.store.faults import DATABASE_ERRORS, error_name


@click.command()
@data_option
@click.option(
    "--ledger",
    envvar="ASKFIRST_LEDGER",
    default="",
    metavar="URL",
    help="A PostgreSQL; with machines=many one that several machines share from now on.",
)
@click.option("--events", envvar="ASKFIRST_EVENTS", default="", metavar="URL", help="A ClickHouse.")
@click.option(
    "--salts",
    envvar="ASKFIRST_SALTS",
    default="",
    metavar="URL",
    help="A PostgreSQL server of their own.",
)
@click.option("--dry-run", is_flag=True, help="Only rehearse: nothing is written anywhere.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def move(data: Path, ledger: str, events: str, salts: str, dry_run: bool, as_json: bool) -> None:
    """Take the ledger, the rows, the salts of a folder from their files to servers.

    No process may have the folder open; a rehearsal goes beside them. Each database has to be
    empty. All is held against the files, row by row, before the folder notes where it is from now
    on; until then the files are as they were, and whatever ends this, the same again goes on. The
    files of before are kept aside, but for salts.db, which is destroyed.
    """
    folder = Folder(data.absolute())
    if not folder.ledger.is_file():
        raise click.ClickException(f"{data} is no data folder: there is no ledger.db in it.")
    targets = Targets(ledger, events, salts)
    if targets == Targets():
        raise click.UsageError("Name at least one of --ledger, --events and --salts.")
    if dry_run:
        with click_errors(), _database_errors():
            portions = rehearse_move(folder, targets, time.perf_counter)
        _print_rehearsal(portions, as_json=as_json)
        return
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("rows", total=None)

        def begin(total: int) -> Callable[[int], object]:
            progress.update(task, total=total)
            return lambda rows: progress.advance(task, rows)

        with click_errors(), _database_errors():
            aside = move_folder(folder, targets, now=time.time(), urandom=os.urandom, begin=begin)
    _print(folder, aside, as_json=as_json)


@contextmanager
def _database_errors() -> Iterator[None]:
    """What SQLite says of a file that it cannot read, or write, as one message."""
    try:
        yield
    except (*DATABASE_ERRORS, OSError) as error:
        message = f"The files cannot be read, or not be replaced ({error_name(error)})."
        raise click.ClickException(f"{message} Run it again once they can.") from None


def _print_rehearsal(portions: list[Portion], *, as_json: bool) -> None:
    if as_json:
        print_json({"would_move": [asdict(portion) for portion in portions]})
        return
    for portion in portions:
        name = f"{portion.part}  {portion.table}".rstrip()
        if portion.seconds is None:
            click.echo(f"{name}  {portion.rows:,} rows")
        else:
            click.echo(f"{name}: about {portion.seconds:,.0f} s, and more over a network")
    click.echo("Rehearsed: it would work. Nothing was written.")


def _print(folder: Folder, aside: Path | None, *, as_json: bool) -> None:
    problems = [report for report in check_folder(folder) if report.problems]
    if as_json:
        where = None if aside is None else str(aside)
        print_json({"aside": where, "problems": [asdict(report) for report in problems]})
    else:
        for report in problems:
            click.echo(f"{report.name}: {'; '.join(report.problems)}. {report.advice}", err=True)
        click.echo("Everything is there, row by row the same. Start the collector.")
        if folder.machine:
            click.echo("Other machines can join once it runs: each with a new folder.")
        if aside is not None:
            click.echo(
                f"The files of before are in {aside}. Nothing that is erased, or over, from now on "
                "goes from them: look at the figures, then destroy them, today "
                f"(shred -u {aside}/*)."
            )
    sys.exit(1 if problems else 0)
