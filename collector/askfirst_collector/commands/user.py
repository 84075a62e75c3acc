"""`askfirst user`: what is linked to a signed-in user of a site."""

from __future__ import annotations

import json
from pathlib import Path

import click

from askfirst.gate.user_token import user_tokens
from askfirst.remote.key_file import read_key_file
from askfirst_collector.commands.data import FILE, data_option, opened
from askfirst_collector.services import Services
from askfirst_collector.usecases.users import erase_user, export_user

keys_option = click.option(
    "--cookie-keys",
    type=FILE,
    help="The file of cookie keys of a site whose collector is elsewhere; else the folder's own.",
)


@click.group()
def user() -> None:
    """Show, or end, what is linked to a signed-in user, by the id that the site passes.

    Make sure first who asks: whoever names an id is told of it.
    """


@user.command()
@click.argument("site")
@click.argument("id")
@keys_option
@data_option
def export(site: str, id: str, cookie_keys: Path | None, data: Path) -> None:
    """Print the rows that are linked to the user ID of SITE, as JSON."""
    with opened(data) as parts:
        rows = export_user(parts, site, _tokens(parts, site, id, cookie_keys))
    click.echo(json.dumps(rows, indent=2, ensure_ascii=False))


@user.command()
@click.argument("site")
@click.argument("id")
@keys_option
@data_option
def erase(site: str, id: str, cookie_keys: Path | None, data: Path) -> None:
    """End the link of everything that is stored to the user ID of SITE."""
    with opened(data) as parts:
        had = erase_user(parts, site, _tokens(parts, site, id, cookie_keys))
    click.echo("Nothing is linked to this user any more." if had else "Nothing was linked to it.")


def _tokens(parts: Services, site: str, id: str, file: Path | None) -> tuple[str, ...]:
    if parts.registry.site(site) is None:
        raise click.ClickException(f"There is no site {site!r}. See: askfirst site list")
    if file is None:
        keys = parts.keys.site(site)
    elif not file.exists():
        raise click.ClickException(f"{file} is not there.")
    else:
        keys = read_key_file(file, urandom=parts.urandom)
    return user_tokens(keys, site, id)
