"""`askfirst webhook`: where a suspension is told by HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askfirst_collector.catalogue.webhook_queue import read_webhook
from askfirst_collector.commands.data import data_option, opened
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.webhooks import (
    remove_webhook,
    save_webhook,
    send_test,
)


@click.group()
def webhook() -> None:
    """Set the address that is notified when the host policy stops a site or a placed collector.

    Without --site it is the host's own, which is notified of every change.
    """


def of_option(command: Any) -> Any:
    """`--site` and `--collector`: whose webhook it is."""
    command = click.option("--collector", default="", help="That of a placed collector there.")(
        command
    )
    return click.option("--site", default="", help="That of a site; else the host's own.")(command)


@webhook.command()
@data_option
@of_option
def show(data: Path, site: str, collector: str) -> None:
    """Say which address is notified. Ends with 1 where there is none."""
    _check(site, collector)
    with opened(data) as parts:
        url = read_webhook(parts.engine, site=site, collector=collector)
    if url is None:
        raise click.ClickException("No address is notified. See: askfirst webhook set")
    click.echo(url)


@webhook.command("set")
@click.argument("url")
@data_option
@of_option
def set_(url: str, data: Path, site: str, collector: str) -> None:
    """Tell the address URL from now on. Prints the secret that signs every message, this once."""
    _check(site, collector)
    with opened(data) as parts:
        click.echo(save_webhook(parts, ON_THE_MACHINE, url, site=site, collector=collector))


@webhook.command()
@data_option
@of_option
def remove(data: Path, site: str, collector: str) -> None:
    """Tell nobody any more; what has not arrived yet is dropped."""
    _check(site, collector)
    with opened(data) as parts:
        remove_webhook(parts, ON_THE_MACHINE, site=site, collector=collector)
    click.echo("Nobody is notified any more.")


@webhook.command()
@data_option
@of_option
def test(data: Path, site: str, collector: str) -> None:
    """Send a message of the type webhook.test; the running collector delivers it."""
    _check(site, collector)
    with opened(data) as parts:
        id = send_test(parts, ON_THE_MACHINE, site=site, collector=collector)
    click.echo(f"{id} is on its way.")


def _check(site: str, collector: str) -> None:
    if collector and not site:
        raise click.UsageError("Say on which site the collector is placed: --site")
