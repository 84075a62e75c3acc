"""`askfirst purge`: destroy what is past its time, or say what is."""

from __future__ import annotations

from pathlib import Path

import click

from askfirst_collector.commands.close import check_clock
from askfirst_collector.commands.data import data_option, host_policy_option, opened
from askfirst_collector.commands.printing import print_json
from askfirst_collector.jobs.upkeep import end_orphans
from askfirst_collector.usecases.retention import purge as purge_now
from askfirst_collector.usecases.retention import rehearse

_NOT_TOLD = "what is over; a number would tell who came"


@click.command()
@data_option
@host_policy_option
@click.option("--dry-run", is_flag=True, help="Only say what would be destroyed.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def purge(data: Path, host_policy: Path | None, dry_run: bool, as_json: bool) -> None:
    """Destroy what is past its time: rows, figures, evidence, keys, sessions, letters.

    A collector that runs does so by itself, every hour. See docs/host.md for how long each is kept.
    """
    with opened(data, host_policy=host_policy) as parts:
        now = parts.now()
        if dry_run:
            ended = rehearse(parts, now)
        else:
            check_clock(parts, now)
            ended = purge_now(parts, now)
            end_orphans(parts)
    rows = [{"kind": e.kind, "site": e.site or None, "number": e.number} for e in ended]
    if as_json:
        print_json({"destroyed": not dry_run, "kinds": rows})
        return
    for entry in ended:
        number = _NOT_TOLD if entry.number is None else f"{entry.number:,}"
        click.echo(f"{entry.kind:<10} {entry.site or 'the host':<12} {number}")
    if dry_run:
        click.echo("Nothing was destroyed: this is what a purge would do now.")
    else:
        click.echo("What was past its time is destroyed.")
