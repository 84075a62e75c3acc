"""`askfirst backup`: the databases, or the keys, into an encrypted file."""

from __future__ import annotations

from pathlib import Path

import click

from askfirst_collector.commands.data import FILE, data_option, opened
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.runtime.backup import identity_for, write_backup, write_keys
from askfirst_collector.usecases.backups import record_backup

SHORTEST = 12  # characters of a passphrase: whoever has the backup may try as long as they like
_IN = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=FILE)
@data_option
@click.option(
    "--recipient", "recipients", multiple=True, help="Who may open it: age1…, as often as needed."
)
@click.option(
    "--passphrase-file",
    type=_IN,
    help="A passphrase to open it with, and with the file FILE.identity that is made beside it.",
)
@click.option("--keys", is_flag=True, help="Back up keys/ instead: for a place of its own.")
def backup(
    file: Path, data: Path, recipients: tuple[str, ...], passphrase_file: Path | None, keys: bool
) -> None:
    """Back up ledger.db and events.db into FILE, encrypted (age), beside a running collector.

    salts.db, spool/ and revocations.log are in no backup: a copy would undo what was destroyed and
    taken back. The keys sign cookies and receipts: back them up apart, with --keys, once and after
    each rotation.
    """
    if bool(recipients) == (passphrase_file is not None):
        raise click.UsageError("name --recipient age1…, or a --passphrase-file")
    beside = None
    with opened(data) as parts:
        try:
            if passphrase_file is not None:
                identity = file.with_name(f"{file.name}.identity")
                recipients = (identity_for(read_passphrase(passphrase_file), identity),)
                beside = identity  # of our making from here on
            if keys:
                written = f"{write_keys(parts, file, recipients)} files of keys"
            else:
                written = f"ledger.db and events.db of {write_backup(parts, file, recipients)}"
        except BaseException:
            if beside is not None:
                beside.unlink(missing_ok=True)  # it opens nothing, and would stand in the way
            raise
        # Once it is there: the audit says nothing that did not happen.
        record_backup(parts, ON_THE_MACHINE, "keys" if keys else "make", file.name)
    if beside is not None:
        click.echo(f"{beside}: opens it, with the passphrase")
    click.echo(f"{file}: {written}")


def read_passphrase(file: Path) -> str:
    passphrase = file.read_text("utf-8").strip("\r\n")
    if len(passphrase) < SHORTEST:
        raise click.ClickException(f"{file}: write {SHORTEST} characters or more into it")
    return passphrase
