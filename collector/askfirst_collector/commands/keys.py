"""`askfirst keys`: new keys of the collector's own."""

from __future__ import annotations

from pathlib import Path

import click

from askfirst_collector.commands.data import data_option, opened
from askfirst_collector.commands.printing import print_json
from askfirst_collector.ledger.entries import timestamp
from askfirst_collector.ledger.signed_by import signed_leaves, times_of_keys
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


# One kid in 64 begins with "-", and may go on with any letter: none is an option by itself.
@keys.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("kid")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def signed(kid: str, data: Path, as_json: bool) -> None:
    """List the leaves of receipts that the key KID can have signed, after a leak.

    By the hours in which it was the newest. A process that was not restarted since signs with it
    still. Whether such a leaf stands in the ledger a checkpoint says: GET /v1/ledger/LEAF. The keys
    are at /.well-known/askfirst.json.
    """
    with opened(data) as parts:
        public = {str(key["kid"]): key.get("compromised") for key in parts.receipts.public()}
        if kid not in public:
            known = ", ".join(public)
            raise click.ClickException(f"No key of receipts is called {kid!r}. There are {known}.")
        times = times_of_keys(parts.engine, "receipts", len(public))
        time = times[[*public].index(kid)]
        leaves = signed_leaves(parts.engine, time)
    hours = [None if hour is None else timestamp(hour) for hour in (time.first, time.last)]
    if as_json:
        document = {"kid": kid, "compromised": public[kid], "from": hours[0], "until": hours[1]}
        print_json({**document, "leaves": leaves})
        return
    for leaf in leaves:
        click.echo(leaf)
    state = f", named as compromised {public[kid]}" if public[kid] else ""
    click.echo(
        f"{len(leaves)} leaves, from {hours[0] or 'the start'} until {hours[1] or 'now'}{state}",
        err=True,
    )
