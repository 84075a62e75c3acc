"""`askfirst figures`: what another tool counted before, beside what is counted here."""

from __future__ import annotations

from pathlib import Path

import click

from askfirst_collector.commands.data import FILE, data_option, opened
from askfirst_collector.commands.printing import print_json
from askfirst_collector.imports.formats import FORMATS
from askfirst_collector.imports.problems import ImportProblems
from askfirst_collector.imports.table_file import Export
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.store.imported import imports_of
from askfirst_collector.usecases.imported_figures import import_figures, remove_imported

_TOOL = click.argument("tool", type=click.Choice([*FORMATS]))
_SITE = click.option("--site", "name", required=True, help="The site that it was counted on.")


@click.group()
def figures() -> None:
    """Figures that another tool counted before: kept apart, and never added to ours."""


@figures.command("import")
@_TOOL
@click.argument("source", metavar="FILE", type=FILE)
@_SITE
@data_option
def import_(tool: str, source: Path, name: str, data: Path) -> None:
    """Take FILE, an export of TOOL, in place of what was taken from it before.

    Days, and pages and sources by month where the file has them; only what as many visitors share
    as the policy says. A file with a line that cannot be read is not taken. See docs/moving.md.
    """
    with opened(data) as parts:
        calendar = parts.registry.calendar(_known(parts, name))
        try:
            sums = FORMATS[tool].read(Export.at(source), calendar.day_of)
        except ImportProblems as error:
            raise click.ClickException(f"{source} is not taken:\n{error}") from None
        taken = import_figures(parts, ON_THE_MACHINE, name, tool, sums)
    for line in taken.lines():
        click.echo(line)


@figures.command("list")
@_SITE
@data_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def list_(name: str, data: Path, as_json: bool) -> None:
    """What was taken for a site, by tool."""
    with opened(data) as parts:
        rows = [vars(entry) for entry in imports_of(parts.engine, _known(parts, name))]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['source']}  {row['days']} days, {row['first']} to {row['last']}")
    if not rows:
        click.echo(f"Nothing was imported for {name}. See: askfirst figures import --help")


@figures.command()
@_TOOL
@_SITE
@data_option
def remove(tool: str, name: str, data: Path) -> None:
    """Forget what was taken from TOOL for a site."""
    with opened(data) as parts:
        remove_imported(parts, ON_THE_MACHINE, _known(parts, name), tool)
    click.echo(f"What {FORMATS[tool].title} counted on {name} is forgotten.")


def _known(parts: Services, name: str) -> str:
    if parts.registry.site(name) is None:
        raise click.ClickException(f"No site is called {name!r}. See: askfirst site list")
    return name
