"""`askfirst transfer`: what recipients of a purpose are delivered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import click

from askfirst_collector.catalogue.transfers import KINDS, Transfer, transfer_json, transfers_of
from askfirst_collector.commands.data import data_option, opened
from askfirst_collector.dashboard.layout.labels import WAY_NAMES, fault_of
from askfirst_collector.dashboard.layout.templates import moment
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.transfers import create_transfer, remove_transfer

_what_option = click.option(
    "--what",
    type=click.Choice(KINDS),
    default="figures",
    show_default=True,
    help="The tables of each closed period, or the events of who agreed to this recipient.",
)


@click.group()
def transfer() -> None:
    """Deliver figures, or events, to the recipients that a policy names."""


@transfer.command()
@click.argument("site")
@click.argument("purpose")
@click.argument("recipient")
@click.argument("url")
@_what_option
@click.option("--s3-key-id", default="", help="Put files at URL (https://HOST/BUCKET/PREFIX).")
@click.option(
    "--s3-secret-file", type=click.File(), help="The file that holds the secret of that key."
)
@click.option("--s3-region", default="", help="Of the bucket; us-east-1 where nothing is said.")
@data_option
def add(
    site: str,
    purpose: str,
    recipient: str,
    url: str,
    what: str,
    s3_key_id: str,
    s3_secret_file: IO[str] | None,
    s3_region: str,
    data: Path,
) -> None:
    """Deliver to RECIPIENT what PURPOSE of SITE gathers, at URL.

    Prints the secret that signs every message of a webhook, this once.
    """
    if bool(s3_key_id) != bool(s3_secret_file):
        raise click.UsageError("For S3 give both --s3-key-id and --s3-secret-file")
    secret = s3_secret_file.read().strip() if s3_secret_file is not None else ""
    with opened(data) as parts:
        entry, word = create_transfer(
            parts,
            ON_THE_MACHINE,
            site,
            purpose=purpose,
            recipient=recipient,
            what=what,
            way="s3" if s3_key_id else "webhook",
            url=url,
            key_id=s3_key_id,
            secret=secret,
            region=s3_region,
        )
    click.echo(word or f"Files are put at {entry.url}.")


@transfer.command("list")
@click.argument("site")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@data_option
def list_(site: str, as_json: bool, data: Path) -> None:
    """List what SITE delivers, and what went wrong last."""
    with opened(data) as parts:
        if parts.registry.site(site) is None:
            raise click.ClickException(f"There is no site {site!r}. See: askfirst site list")
        entries = transfers_of(parts.engine, site)
    if as_json:
        rows = [{"id": one.id, **transfer_json(one), "fault": one.fault} for one in entries]
        click.echo(json.dumps(rows, indent=2))
        return
    if not entries:
        click.echo("Nothing is delivered.")
    for entry in entries:
        click.echo(_line(entry))


@transfer.command()
@click.argument("site")
@click.argument("purpose")
@click.argument("recipient")
@_what_option
@data_option
def remove(site: str, purpose: str, recipient: str, what: str, data: Path) -> None:
    """Deliver to RECIPIENT nothing more of PURPOSE of SITE, and drop what waits."""
    with opened(data) as parts:
        key = (purpose, recipient, what)
        ids = (
            one.id
            for one in transfers_of(parts.engine, site)
            if (one.purpose, one.recipient, one.what) == key
        )
        remove_transfer(parts, ON_THE_MACHINE, site, next(ids, ""))
    click.echo("Nothing more is delivered.")


def _line(entry: Transfer) -> str:
    what = f"{entry.what} of {entry.purpose} to {entry.recipient}"
    line = f"{what}, {WAY_NAMES[entry.way].lower()} at {entry.host}"
    if not entry.fault:
        return line
    fault = fault_of(entry.fault, entry.host)
    return f"{line}\n  does not arrive: {fault}. Next try {moment(entry.due)}"
