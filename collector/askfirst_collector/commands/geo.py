"""`askfirst geo`: which database says where an address is, how old it is, what it answers."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from askfirst.observe.location import EXAMPLE, Locator
from askfirst_collector.commands.data import FILE, click_errors


@click.command()
@click.argument("address", default=EXAMPLE)
@click.option("--places", type=FILE, help="An MMDB file; else the registries' own allocations.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def geo(address: str, places: Path | None, as_json: bool) -> None:
    """Say where ADDRESS is, and by which database."""
    with click_errors():
        description = Locator.open(places).describe(now=time.time(), example=address)
    built = description.built.isoformat() if description.built else None
    if as_json:
        plain = {"database": description.database, "type": description.type, "built": built}
        lookup = {"address": description.example, "answer": list(description.answer)}
        click.echo(json.dumps({**plain, "age_days": description.age, **lookup}, indent=2))
        return
    age = f"built {built}, {description.age} days old" if built else "as old as its release"
    click.echo(f"{description.database} ({description.type}), {age}")
    click.echo(f"{description.example}: {', '.join(description.answer)}")
