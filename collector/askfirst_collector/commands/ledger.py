"""`askfirst ledger`: whether the files of a collector are sound."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from askfirst_collector.commands.data import data_option
from askfirst_collector.commands.printing import print_json
from askfirst_collector.config import Folder
from askfirst_collector.ledger.check import FileReport, check_folder


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
        click.echo(f"{report.name}  sound, {report.rows} {noun}")
        return
    click.echo(f"{report.name}  damaged")
    for problem in report.problems:
        click.echo(f"  {problem}")
    click.echo(f"  {report.advice}")
