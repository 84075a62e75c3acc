"""`askfirst keys`: new keys of the collector's own."""

from __future__ import annotations

from pathlib import Path

import click

from askfirst_collector.commands.data import data_option, opened
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.rotate_keys import KINDS, rotate_keys


@click.group()
def keys() -> None:
    """Change the keys that sign receipts and checkpoints."""


@keys.command()
@click.argument("kind", type=click.Choice(KINDS))
@data_option
@click.option("--compromised", is_flag=True, help="The keys so far got into other hands.")
def rotate(kind: str, data: Path, compromised: bool) -> None:
    """Create a new key of KIND, which signs from the next start of the collector on.

    What the older ones signed still verifies. With --compromised, after a leak, the older keys of
    receipts are named as such at /.well-known/askfirst.json: a receipt under one of them proves
    nothing by itself any more, and the ledger has to be asked for its leaf.
    """
    with opened(data) as parts:
        leaked = rotate_keys(parts, ON_THE_MACHINE, kind, compromised=compromised)
    click.echo(f"A new key of {kind} is created. Restart the collector to sign with it.")
    for kid in leaked:
        click.echo(f"{kid} is named as compromised: what it signed is not believed by itself.")
