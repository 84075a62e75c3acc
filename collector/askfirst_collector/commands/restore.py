"""`askfirst restore`: a backup in the place of a folder's databases."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

import click

from askfirst_collector.commands.backup import read_passphrase
from askfirst_collector.commands.data import click_errors
from askfirst_collector.config import Folder
from askfirst_collector.ledger.check import check_folder
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.runtime.backup import open_sealed
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.runtime.restore import restore as put_back
from askfirst_collector.runtime.restore import restore_keys
from askfirst_collector.usecases.backups import record_backup

_IN = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_IN)
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where to."
)
@click.option("--identity", type=_IN, required=True, help="The age identity that opens it.")
@click.option("--passphrase-file", type=_IN, help="The passphrase of that identity.")
@click.option("--keys", is_flag=True, help="FILE is a backup of keys/.")
@click.option("--revocations", type=_IN, help="Where revocations.log is, if not beside the folder.")
@click.option(
    "--without-revocations",
    is_flag=True,
    help="The log is lost: every grant of the backup ends, rows that can be linked go.",
)
def restore(
    file: Path,
    data: Path,
    identity: Path,
    passphrase_file: Path | None,
    keys: bool,
    revocations: Path | None,
    without_revocations: bool,
) -> None:
    """Put a backup in the place of the databases of a folder that no process uses, and check it.

    revocations.log has to be where it was: what was taken back since the backup stays so. What the
    backup replaces is kept aside, until you remove it.
    """
    folder = Folder(data.absolute())
    with click_errors():
        passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
        sealed = open_sealed(file, identity, passphrase)
        if keys:
            click.echo(f"{folder.keys}: {restore_keys(folder, sealed)} files of keys")
            return
        restored = put_back(
            folder, sealed, now=time.time(), log=revocations, without_log=without_revocations
        )
        click.echo(f"ledger.db and events.db of {restored.moment} are in place")
        if not restored.is_ours:
            advice = "no key is here that could have signed it: look at members and audit"
            click.echo(f"Nobody can tell who made this backup: {advice}", err=True)
        logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
        parts = open_services(folder.path, host_policy=None, now=time.time, urandom=os.urandom)
        record_backup(parts, ON_THE_MACHINE, "restore", file.name)
        close_services(parts)
    problems = [report for report in check_folder(folder) if report.problems]
    for report in problems:
        click.echo(f"{report.name}: {'; '.join(report.problems)}. {report.advice}", err=True)
    if restored.aside is not None:
        click.echo(f"What stood there is in {restored.aside}: remove it once it is not needed.")
    click.echo("The folder is " + ("not sound." if problems else "sound: start the collector."))
    sys.exit(1 if problems else 0)
