"""`askfirst machine`: those that share one ledger, and one that does not come back."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import click

from askfirst_collector.commands.data import data_option, opened
from askfirst_collector.commands.printing import print_json
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.store.machines import Machines
from askfirst_collector.usecases.machines import lose_machine


@click.group()
def machine() -> None:
    """See which machines share a ledger, and go on without one that is lost."""


@machine.command("list")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def list_machines(data: Path, as_json: bool) -> None:
    """List the machines that share the ledger of this folder.

    Each says every ten seconds that it is there. What one accepted and has not moved yet is waited
    for: no period closes without it.
    """
    with opened(data) as parts:
        machines = _machines_of(parts)
        rows = [
            {
                "id": one.id,
                "name": one.name,
                "seen": one.last_beat.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "lost": one.is_lost,
                "this": one.id == machines.id,
            }
            for one in machines.all()
        ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        notes = [word for word in ("this", "lost") if row[word]]
        click.echo("  ".join([str(row["id"]), str(row["seen"]), str(row["name"]), *notes]))


@machine.command()
@click.argument("id")
@data_option
def lost(id: str, data: Path) -> None:
    """Go on without the machine ID, for good: it and its disk do not come back.

    Events that it had accepted and not moved yet are counted nowhere. What visitors took back is
    in the ledger. End it before, where it still runs, and destroy its data folder: rows of visitors
    are in it. It cannot join again with that folder.
    """
    with opened(data) as parts:
        lose_machine(parts, ON_THE_MACHINE, id)
    click.echo(f"Nobody waits for {id} any more. Destroy its data folder.")


def _machines_of(parts: Services) -> Machines:
    if parts.machines is None:
        raise click.ClickException(
            "This folder has its ledger for itself: see docs/many-machines.md for several machines."
        )
    return parts.machines
