"""`askfirst ledger`: whether the files of a collector are sound, and its trees what was signed."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from askfirst_collector.catalogue.key_files import Keys
from askfirst_collector.commands.data import click_errors, data_option
from askfirst_collector.commands.printing import print_json
from askfirst_collector.config import Folder
from askfirst_collector.ledger.check import AGAIN, FileReport, check_folder
from askfirst_collector.ledger.notes import Checkpoint, NoteRefused, open_note, read_checkpoint
from askfirst_collector.ledger.verify import (
    Leaf,
    Signed,
    TreeReport,
    keys_of,
    read_export,
    read_folder,
    write_export,
)
from askfirst_collector.ledger.verify import verify as verify_trees
from askfirst_collector.store.faults import StoreFault, unavailable

STEP = 4096  # leaves between two looks at the progress bar
_INPUT = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def ledger() -> None:
    """Look after the ledger and the databases beside it."""


@ledger.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def check(data: Path, as_json: bool) -> None:
    """Look through the files: are they sound, is every leaf of the ledger what it was.

    Only reads, also beside a running collector. Ends with 0 where nothing is wrong; else with 1,
    what is wrong, and what to do.
    """
    folder = Folder(data.absolute())
    if not folder.ledger.is_file():
        raise click.ClickException(f"{data} is no data folder: there is no ledger.db in it.")
    reports = check_folder(folder)
    if as_json:
        print_json([asdict(report) for report in reports])
    else:
        for report in reports:
            _print(report)
    sys.exit(1 if any(report.problems for report in reports) else 0)


def _print(report: FileReport) -> None:
    if not report.problems:
        noun = "record" if report.name.endswith(".log") else "row"
        noun += "" if report.rows == 1 else "s"
        waits = " wait to be moved" if report.name.startswith("spool/") else ""
        click.echo(f"{report.name}  sound, {report.rows} {noun}{waits}")
        if report.note:
            click.echo(f"  {report.note}")
        return
    click.echo(f"{report.name}  {'not read' if report.advice == AGAIN else 'damaged'}")
    for problem in report.problems:
        click.echo(f"  {problem}")
    click.echo(f"  {report.advice}")


@ledger.command()
@click.argument("export", type=_INPUT, required=False)
@click.option("--data", type=_FOLDER, help="The data folder of the collector.")
@click.option("--from", "note", type=_INPUT, help="A checkpoint that somebody else has kept.")
@click.option("--key", "keys", multiple=True, help="A verifier key to trust instead.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def verify(
    export: Path | None, data: Path | None, note: Path | None, keys: tuple[str, ...], as_json: bool
) -> None:
    """Derive every tree again: each leaf, each root, each signature, without any network.

    EXPORT is what `askfirst ledger export` wrote; --data reads a folder instead, also beside a
    running collector. Whoever could write all of it could have signed another ledger: --from a
    checkpoint that was kept elsewhere shows that. Ends with 0 where nothing is wrong, else with 1.
    """
    if (export is None) == (data is None):
        raise click.UsageError("name an EXPORT, or a folder with --data")
    with click_errors(), _read(export, data) as (count, leaves, signed):
        since = None if note is None else _read_note(note, keys or signed.keys)
        trusted = replace(signed, keys=keys or signed.keys)
        console = Console(stderr=True)
        with Progress(console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("leaves", total=count)
            steps = itertools.count(1)

            def step() -> None:
                number = next(steps)
                if number % STEP == 0 or number == count:
                    progress.update(task, completed=number)

            reports = verify_trees(leaves, trusted, since=since, step=step)
    if as_json:
        print_json([asdict(report) for report in reports])
    else:
        for report in reports:
            _print_tree(report)
    sys.exit(1 if any(report.problems for report in reports) else 0)


@ledger.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
def export(file: Path, data: Path) -> None:
    """Write all trees to FILE, for whoever is to verify them: leaves, entries, checkpoints, keys.

    Of what visitors answered it has the leaves alone: evidence is opened by two members. What was
    erased is not in it, nor anything but the ledger. FILE must not be there yet.
    """
    with click_errors(), _read(None, data) as (count, leaves, signed):
        try:
            # Made by us alone: entries hold what members did.
            file.touch(0o600, exist_ok=False)
            with file.open("w", encoding="utf-8") as out:
                write_export(leaves, signed, out.write)
        except FileExistsError:
            raise click.ClickException(f"{file} is there already: name another one.") from None
        except OSError as error:
            if file.is_file():
                file.unlink()  # a part of a ledger proves nothing
            raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from None
    click.echo(f"{file}: {count} leaves of {len(signed.notes)} trees with a checkpoint")


@contextmanager
def _read(export: Path | None, data: Path | None) -> Iterator[tuple[int, Iterator[Leaf], Signed]]:
    if export is not None:
        yield read_export(export)
        return
    folder = Folder((data or Path()).absolute())
    if not folder.ledger.is_file():
        raise click.ClickException(f"{data} is no data folder: there is no ledger.db in it.")
    try:
        with unavailable("ledger"), read_folder(folder) as (count, leaves, signed):
            seeds = Keys(folder.keys, urandom=os.urandom).ledger() if signed.notes else ()
            yield count, leaves, replace(signed, keys=keys_of(signed.notes, seeds))
    except StoreFault as fault:
        advice = "askfirst ledger check says what to do"
        raise click.ClickException(
            f"{folder.ledger} cannot be read ({fault.reason}): {advice}"
        ) from None


def _read_note(file: Path, keys: Sequence[str]) -> Checkpoint:
    try:
        return read_checkpoint(open_note(file.read_text("utf-8"), keys))
    except (NoteRefused, ValueError) as error:
        raise click.ClickException(f"{file} proves nothing: {error}.") from None


def _print_tree(report: TreeReport) -> None:
    name = report.tree or "?"
    if not report.problems:
        click.echo(
            f"{name}  sound, {report.size} leaves ({report.erased} erased or blank), "
            f"{report.checkpoints} checkpoints, root {report.root or 'not signed yet'}"
            + (f", {report.waiting} to be signed" if report.waiting else "")
        )
        return
    click.echo(f"{name}  not what was signed")
    for problem in report.problems:
        click.echo(f"  {problem}")
