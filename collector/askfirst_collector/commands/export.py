"""`askfirst export`: the rows that are kept of a site, in a file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from askfirst_collector.commands.data import FILE, data_option, opened
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.kept_rows import export_rows


@click.command()
@click.argument("name")
@click.option("--rows", "file", type=FILE, required=True, help="Where they go: a new file.")
@data_option
def export(name: str, file: Path, data: Path) -> None:
    """Write the rows that are kept of the site NAME, one JSON object a line. The audit says so.

    Only rows of closed periods, without ids and minutes, lowered until enough of them say the same.
    Figures need no export of rows: see the dashboard, or /v1/stats.
    """
    count = 0
    with opened(data) as parts:
        if file.exists():
            raise click.ClickException(f"{file} is there already: name another one.")
        rows = export_rows(parts, ON_THE_MACHINE, name)
        try:
            # Made by us alone: they are visits.
            file.touch(0o600, exist_ok=False)
            with file.open("w", encoding="utf-8") as out:
                for row in rows:
                    out.write(f"{json.dumps(row, ensure_ascii=False)}\n")
                    count += 1
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written ({error.strerror}).") from None
    click.echo(f"{file}: {count:,} rows" if count else f"{file}: no rows are kept of {name}")
