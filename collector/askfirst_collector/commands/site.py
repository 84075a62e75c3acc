"""`askfirst site`: the sites of a collector, and the keys of their relays."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from askfirst.terms.reading import NAME
from askfirst_collector.commands.data import data_option, opened
from askfirst_collector.registry.relays import drop_site_keys, new_site_key


@click.group()
def site() -> None:
    """See the sites of a collector, and give their relays keys."""


@site.command("list")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def list_(data: Path, as_json: bool) -> None:
    """Every site, with its edition in force."""
    with opened(data) as parts:
        found = [each for name in parts.registry.sites() if (each := parts.registry.site(name))]
    rows = [
        {
            "site": each.name,
            "edition": each.editions.current.number,
            "since": datetime.fromtimestamp(each.editions.current.effective, UTC).isoformat(),
            "hash": each.editions.current.hash,
            "origins": list(each.editions.current.policy.origins),
        }
        for each in found
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['site']}  edition {row['edition']}, since {row['since']}, {row['hash']}")
    if not rows:
        click.echo("No site has published a policy yet.")


@site.command()
@click.argument("name")
@data_option
@click.option("--new", is_flag=True, help="The site has published nothing yet; its relay will.")
@click.option("--revoke", is_flag=True, help="Make every older key of the site stop working.")
def key(name: str, data: Path, new: bool, revoke: bool) -> None:
    """Make a key for a relay of the site NAME. It is shown once and kept as a hash."""
    if not NAME.fullmatch(name):
        raise click.ClickException(f"{name!r} is no name of a site: write [a-z][a-z0-9_-]*")
    with opened(data) as parts:
        if not new and parts.registry.site(name) is None:
            advice = "See: askfirst site list. For a site that is to publish its policy: --new"
            raise click.ClickException(f"No site is called {name!r}. {advice}")
        if revoke:
            drop_site_keys(parts.engine, name)
        click.echo(new_site_key(parts.engine, name, urandom=parts.urandom))
