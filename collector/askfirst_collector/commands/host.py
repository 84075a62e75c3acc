"""`askfirst host`: the host policy that nothing goes above, and the link that lets the admin in."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from askfirst.terms.policy import read_policy
from askfirst_collector.catalogue.enforce_host_policy import Affected, affected_by
from askfirst_collector.catalogue.host_editions import newest_edition
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.commands.data import (
    FILE,
    click_errors,
    data_option,
    host_policy_option,
    opened,
)
from askfirst_collector.commands.listening import dashboard
from askfirst_collector.commands.printing import plain, print_json, print_problems
from askfirst_collector.init.host_policy import write_host_policy
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.links import create_set_up_link
from askfirst_collector.usecases.preview_host_policy import Preview, preview
from askfirst_collector.usecases.save_host_policy import host_policy_number, save_host_policy


@click.group()
def host() -> None:
    """Look after the host: its policy, which nothing goes above, and its own account."""


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
    with opened(data) as parts:
        token = create_set_up_link(parts, ON_THE_MACHINE)
    click.echo(dashboard(url.rstrip("/"), token)[1])


@host.command()
@click.argument("file", type=FILE, default="host.toml")
@click.option("--name", default="The host of this collector", help="Who runs the collector.")
@click.option("--contact", default="the address given on the site", help="Where to write to.")
@click.option("--country", default="ZZ", help="Its country, two letters.")
def init(file: Path, name: str, contact: str, country: str) -> None:
    """Write a first host policy to FILE, every line with what it allows.

    It is the one that governs where none was set, ready to be narrowed. What is there is never
    overwritten, and nothing is published before `askfirst host set`.
    """
    text = write_host_policy(name=name, contact=contact, country=country.upper())
    with click_errors():
        read_policy(text, kind="host")
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise click.ClickException(f"{file} is there already and stays as it is.") from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {file}. Change it, then see what it would do, and publish it:")
    click.echo(f"  askfirst host set {file} --data FOLDER --preview")
    click.echo(f"  askfirst host set {file} --data FOLDER")


@host.command()
@data_option
@host_policy_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def show(data: Path, host_policy: Path | None, as_json: bool) -> None:
    """Say which host policy governs, and whom it stops. Ends with 1 where none can be read."""
    with opened(data, host_policy=host_policy) as parts:
        policy = parts.host.current().policy
        host_edition = None if host_policy is not None else newest_edition(parts.engine)
        changes = () if policy is None else affected_by(parts.engine, policy)
        stopped = [change for change in changes if change.problems]
    source = str(host_policy) if host_policy else "registry" if host_edition else "shipped"
    since = (
        datetime.fromtimestamp(host_edition.effective, UTC).isoformat() if host_edition else None
    )
    number = host_edition.number if host_edition else None
    if as_json:
        print_json(
            {
                "source": source,
                "number": number,
                "since": since,
                "hash": policy.hash if policy else None,
                "policy": policy.document if policy else None,
                "stops": [_as_json(change) for change in stopped],
            }
        )
    elif policy is None:
        click.echo("The host's policy cannot be read: nothing is gathered.", err=True)
    else:
        edition = f", edition {number} since {since}" if host_edition else ""
        click.echo(f"# {source}{edition}, {policy.hash}\n{as_toml(policy.document)}".rstrip())
        _print_affected("Stopped by it:", stopped)
    sys.exit(0 if policy else 1)


@host.command("set")
@click.argument("file", type=FILE)
@data_option
@click.option("--preview", "only_preview", is_flag=True, help="Only say what it would do.")
@click.option("--expected", type=int, help="The edition that was edited; a newer one is kept.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def set_(file: Path, data: Path, only_preview: bool, expected: int | None, as_json: bool) -> None:
    """Publish FILE as the host's policy, in every worker, from the next event on.

    Sites and placed collectors that go beyond it are suspended with the reason for their owners;
    what it lets nobody keep is purged by the next hourly job. See both first with --preview.
    """
    with click_errors():
        policy = read_policy(file, kind="host")
    with opened(data) as parts:
        effects = preview(parts, policy)
        number = host_policy_number(parts)
        if not only_preview:
            edited = number if expected is None else expected
            number = save_host_policy(parts, ON_THE_MACHINE, policy, expected=edited).number
    if as_json:
        print_json(
            {"number": number, "hash": policy.hash, "saved": not only_preview, **_all(effects)}
        )
        return
    would = "Would suspend" if only_preview else "Suspended"
    _print_affected(f"{would}:", effects.suspends)
    _print_affected("Would go on:" if only_preview else "Goes on:", effects.resumes)
    for purge in effects.purges:
        of = f"{purge.site} {purge.collector} {purge.purpose}".replace("  ", " ")
        rows = ", and rows kept longer than it allows" if purge.rows else ""
        click.echo(f"Purged by the next job: {of}: {purge.periods} periods{rows}")
    if only_preview:
        click.echo(f"Nothing was changed: edition {number} governs.")
    else:
        click.echo(f"Edition {number} of the host's policy is published: {policy.hash}")
    for proposal in effects.proposals:
        click.echo(f"Note: {proposal.message} in {file}.")


def _all(effects: Preview) -> dict[str, object]:
    return {
        "suspends": [_as_json(change) for change in effects.suspends],
        "resumes": [_as_json(change) for change in effects.resumes],
        "purges": [vars(change) for change in effects.purges],
        "proposals": plain(effects.proposals),
    }


def _as_json(change: Affected) -> dict[str, object]:
    return {
        "site": change.site,
        "collector": change.collector,
        "owner": change.owner,
        "conflicts": plain(change.problems),
    }


def _print_affected(head: str, changes: Iterable[Affected]) -> None:
    for change in changes:
        name = f"{change.site}/{change.collector}" if change.collector else change.site
        if change.problems:
            print_problems(f"{head} {name}", change.problems)
        else:
            click.echo(f"{head} {name}")
