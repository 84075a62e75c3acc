"""`askfirst host`: the link that lets the host admin in."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from askfirst_collector.commands.data import data_option
from askfirst_collector.commands.listening import dashboard
from askfirst_collector.config import open_folder
from askfirst_collector.registry.members import Members
from askfirst_collector.store.database import open_ledger


@click.group()
def host() -> None:
    """Look after the host's own account."""


@host.command()
@data_option
@click.option(
    "--url",
    default="http://127.0.0.1:8321",
    show_default=True,
    help="Where the site is served.",
)
def link(data: Path, url: str) -> None:
    """Make a one-time link that sets a password. Any older link stops working."""
    engine = open_ledger(open_folder(data).ledger)
    token = Members(engine, now=time.time, urandom=os.urandom).new_link()
    click.echo(dashboard(url.rstrip("/"), token)[1])
