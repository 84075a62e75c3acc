"""`askfirst close`: close the periods that are over, or say which are due."""

from __future__ import annotations

import json
from pathlib import Path

import click

from askfirst_collector.closing.close import close_due
from askfirst_collector.commands.data import data_option, host_policy_option, opened


@click.command()
@data_option
@host_policy_option
@click.option("--dry-run", is_flag=True, help="Only say which are due; never count.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def close(data: Path, host_policy: Path | None, dry_run: bool, as_json: bool) -> None:
    """Close every period that has ended. Closed once, never again."""
    with opened(data, host_policy=host_policy) as parts:
        keys = close_due(parts, parts.now(), dry_run=dry_run)
    if as_json:
        plain = [
            {"site": k.site, "purpose": k.purpose, "closes": k.closes, "period": k.period}
            for k in keys
        ]
        click.echo(json.dumps({"closed": not dry_run, "periods": plain}, indent=2))
        return
    for key in keys:
        click.echo(f"{key.site}  {key.purpose}  {key.closes} of {key.period}")
    said = "due" if dry_run else "closed"
    click.echo(f"{len(keys)} {'period is' if len(keys) == 1 else 'periods are'} {said}.")
