"""`askfirst close`: close the periods that are over, or say which are due."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import click

from askfirst_collector.closing.close import close_due
from askfirst_collector.commands.data import data_option, host_policy_option, opened
from askfirst_collector.jobs.clock import read_seen
from askfirst_collector.services import Services


@click.command()
@data_option
@host_policy_option
@click.option("--dry-run", is_flag=True, help="Only say which are due; never count.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def close(data: Path, host_policy: Path | None, dry_run: bool, as_json: bool) -> None:
    """Close every period that has ended. Closed once, never again."""
    with opened(data, host_policy=host_policy) as parts:
        now = parts.now()
        if not dry_run:
            check_clock(parts, now)
        keys = close_due(parts, now, dry_run=dry_run)
    if as_json:
        plain = [
            {"site": k.site, "purpose": k.purpose, "closes": k.closes, "period": k.period}
            for k in keys
        ]
        click.echo(json.dumps({"closed": not dry_run, "periods": plain}, indent=2))
        return
    for key in keys:
        click.echo(f"{key.site}  {key.purpose}  {key.closes} of {key.period}")
    state = "due" if dry_run else "closed"
    click.echo(f"{len(keys)} {'period is' if len(keys) == 1 else 'periods are'} {state}.")


def check_clock(parts: Services, now: float) -> None:
    """What is closed or destroyed is so for good: not by a clock that nobody has watched."""
    last = read_seen(parts)
    if last is not None and not last.agrees(now):
        off = timedelta(seconds=round(abs(now - last.believed)))
        raise click.ClickException(
            f"The clock is {off} {'after' if now > last.believed else 'before'} the time that the"
            " collector saw last. Where it is right, let the collector run: it does what is due"
            " once the clock has held for ten minutes. Where it is wrong, set it."
        )
