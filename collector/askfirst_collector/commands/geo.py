"""`askfirst geo`: which database says where an address is, how old it is, what it answers."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from askfirst.observe.location import EXAMPLE, Locator
from askfirst_collector.commands.data import FILE, told


@click.command()
@click.argument("address", default=EXAMPLE)
@click.option("--places", type=FILE, help="An MMDB file; else the registries' own allocations.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def geo(address: str, places: Path | None, as_json: bool) -> None:
    """Say where ADDRESS is, and by which database."""
    with told():
        found = Locator.open(places).describe(now=time.time(), example=address)
    built = found.built.isoformat() if found.built else None
    if as_json:
        plain = {"database": found.database, "type": found.type, "built": built}
        asked = {"address": found.example, "answer": list(found.answer)}
        click.echo(json.dumps({**plain, "age_days": found.age, **asked}, indent=2))
        return
    age = f"built {built}, {found.age} days old" if built else "as old as its release"
    click.echo(f"{found.database} ({found.type}), {age}")
    click.echo(f"{found.example}: {', '.join(found.answer)}")
