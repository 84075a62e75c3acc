"""`askfirst migrate`: bring a data folder up to this program, or see on a copy that it works."""

from __future__ import annotations

import json
from pathlib import Path

import click

from askfirst_collector.commands.data import click_errors, data_option
from askfirst_collector.config import Folder
from askfirst_collector.store.database import migrate_ledger, rehearse_ledger
from askfirst_collector.store.faults import DATABASE_ERRORS, error_name, unavailable
from askfirst_collector.store.migrate import Step


@click.command()
@data_option
@click.option("--check", is_flag=True, help="Only rehearse, on a copy: nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def migrate(data: Path, check: bool, as_json: bool) -> None:
    """Bring the tables of a data folder up to this program.

    A start does it by itself; this is for doing it, or seeing that it would work, beforehand. The
    copy of --check is a temporary file that nobody else can open and that ends with the command;
    on PostgreSQL it is a transaction that is undone.
    Ends with 0 where all went well, 1 where it did not or would not.
    """
    folder = Folder(data.absolute())
    if not folder.ledger.is_file():
        raise click.ClickException(f"{data} is no data folder: there is no ledger.db in it.")
    with click_errors(), unavailable("ledger"):
        steps = _rehearsed(folder)
        if not check:
            migrate_ledger(folder.ledger, folder.ledger_url)
    if as_json:
        ran = [{"revision": migration.revision, "about": migration.about} for migration in steps]
        click.echo(json.dumps({"would_run" if check else "ran": ran}, indent=2))
        return
    for step in steps:
        click.echo(f"{step.revision}  {step.about}")
    if not steps:
        click.echo("Nothing to do: the tables are those of this program.")
    elif check:
        click.echo("Rehearsed on a copy: it works. Nothing was changed.")
    else:
        click.echo("Done.")


def _rehearsed(folder: Folder) -> tuple[Step, ...]:
    try:
        return rehearse_ledger(folder.ledger, folder.ledger_url)
    except DATABASE_ERRORS as error:
        name = error_name(error)
        raise click.ClickException(
            f"The migration does not work on a copy ({name}). Nothing was changed."
        ) from None
