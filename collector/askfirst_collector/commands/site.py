"""`askfirst site`: the sites of a collector, and the keys of their relays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from askfirst.terms.edition import Editions
from askfirst.terms.policy import read_policy
from askfirst.terms.reading import NAME
from askfirst_collector.api.serialize import key_told, site_json
from askfirst_collector.assessment import assessment, assessment_page
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.catalogue.site_limits import LARGEST
from askfirst_collector.commands.data import (
    FILE,
    click_errors,
    data_option,
    host_policy_option,
    opened,
)
from askfirst_collector.commands.printing import print_json
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.processing import processing_dpv, processing_page, processing_record
from askfirst_collector.reports.export import files_of
from askfirst_collector.usecases.remove_site import remove_site
from askfirst_collector.usecases.reviews import review_purpose
from askfirst_collector.usecases.site_keys import create_site_key, end_site_key, read_site_keys
from askfirst_collector.usecases.sites import limit_site, publish_policy, retire_site


@click.group()
def site() -> None:
    """Add and end the sites of a collector, and give their relays keys."""


@site.command("list")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def list_(data: Path, as_json: bool) -> None:
    """Every site, with its published edition."""
    with opened(data) as parts:
        sites = [*parts.registry.readable()]
    rows = [site_json(entry) for entry in sites]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        state = "" if row["state"] == "in-force" else f"  {row['state']}"
        click.echo(
            f"{row['site']}  edition {row['edition']}, since {row['since']}, {row['hash']}{state}"
        )
    if not rows:
        click.echo("No site has published a policy yet. See: askfirst site add")


@site.command()
@click.argument("file", type=FILE)
@data_option
@host_policy_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def add(file: Path, data: Path, host_policy: Path | None, as_json: bool) -> None:
    """Add the site that the policy FILE is of, and make a key for its relay, shown once."""
    with click_errors():
        policy = read_policy(file)
    with opened(data, host_policy=host_policy) as parts:
        if parts.registry.site(policy.site) is not None:
            advice = "To publish another policy: askfirst policy publish"
            raise click.ClickException(f"There is a site {policy.site!r} already. {advice}")
        edition = publish_policy(parts, ON_THE_MACHINE, policy, expected=0).current
        key = create_site_key(parts, ON_THE_MACHINE, policy.site)
    if as_json:
        print_json(
            {"site": policy.site, "edition": edition.number, "hash": edition.hash, "key": key}
        )
        return
    click.echo(f"Edition {edition.number} of {policy.site} is published: {edition.hash}")
    click.echo(f"The key of its relay, shown this once: {key}")
    click.echo(f"It asks on {', '.join(policy.origins)}")


@site.command()
@click.argument("name")
@data_option
@click.confirmation_option(prompt="It gathers nothing any more, and never again. Go on?")
def retire(name: str, data: Path) -> None:
    """End the site NAME for good; what it gathered closes and runs out as agreed."""
    with opened(data) as parts:
        if parts.registry.site(name) is None:
            raise click.ClickException(f"No site is called {name!r}. See: askfirst site list")
        retire_site(parts, ON_THE_MACHINE, name)
    click.echo(f"{name} is retired.")


@site.command()
@click.argument("name")
@data_option
@click.option(
    "--export",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where its figures and policies are written first. Default: NAME-export",
)
@click.option("--yes", is_flag=True, help="Do not ask for the name again.")
def remove(name: str, data: Path, folder: Path | None, yes: bool) -> None:
    """Write the figures of the site NAME to a folder, then destroy everything of it.

    Visits, figures, answers, keys, policies and memberships go. The hashes of answers, what members
    changed, and the log of revocations stay; no other site gets the name.
    """
    with opened(data) as parts:
        record = parts.registry.site(name)
        if record is None:
            raise click.ClickException(f"No site is called {name!r}. See: askfirst site list")
        if not yes:
            typed = click.prompt(f"Everything of {name} is destroyed. Type its name to go on")
            if typed != name:
                raise click.ClickException(f"That is not {name!r}: nothing was removed.")
        folder = folder or Path(f"{name}-export")
        files = {**dict(files_of(parts, name)), **_policy_files(record.editions)}
        _write_files(folder, files)
        remove_site(parts, ON_THE_MACHINE, name)
    click.echo(f"{name} is removed. Its figures and policies: {folder} ({len(files)} files)")


@site.command()
@click.argument("name")
@click.argument("purpose")
@data_option
def review(name: str, purpose: str, data: Path) -> None:
    """Say that PURPOSE of the site NAME was looked at: it is needed as it is for another year."""
    with opened(data) as parts:
        review_purpose(parts, ON_THE_MACHINE, name, purpose)
    click.echo(f"{purpose} of {name} is reviewed.")


@site.command()
@click.argument("name")
@click.argument("rows", type=click.IntRange(1, LARGEST))
@data_option
def limit(name: str, rows: int, data: Path) -> None:
    """Let the site NAME store at most ROWS rows a day; what comes beyond is dropped and counted."""
    with opened(data) as parts, click_errors():
        if parts.registry.site(name) is None:
            raise click.ClickException(f"No site is called {name!r}. See: askfirst site list")
        limit_site(parts, ON_THE_MACHINE, name, rows)
    click.echo(f"{name} may store {rows:,} rows a day.")


@site.command()
@click.argument("name")
@data_option
@click.option("--new", is_flag=True, help="The site has published nothing yet; its relay will.")
@click.option("--revoke", is_flag=True, help="Make every older key of the site stop working now.")
def key(name: str, data: Path, new: bool, revoke: bool) -> None:
    """Make a key for a relay of the site NAME. It is shown once and kept as a hash.

    Older keys end in seven days. A site has at most ten.
    """
    if not NAME.fullmatch(name):
        raise click.ClickException(f"{name!r} is no name of a site: write [a-z][a-z0-9_-]*")
    with opened(data) as parts:
        if not new and parts.registry.site(name) is None:
            advice = "See: askfirst site list. For a site that is to publish its policy: --new"
            raise click.ClickException(f"No site is called {name!r}. {advice}")
        token = create_site_key(parts, ON_THE_MACHINE, name, new_site=new, end_older=revoke)
    click.echo(token)


@site.command()
@click.argument("name")
@data_option
@click.option("--end", "id", help="Make the key of this id stop working now.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def keys(name: str, data: Path, id: str | None, as_json: bool) -> None:
    """The keys of the site NAME that work, newest last, and when each ends."""
    with opened(data) as parts:
        if id is not None:
            end_site_key(parts, ON_THE_MACHINE, name, id)
        rows = [key_told(entry) for entry in read_site_keys(parts, name)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['id']}  ends {row['expires'] or 'when a newer one was made'}")
    if not rows:
        click.echo(f"No key of {name} works. See: askfirst site key")


@site.command()
@click.argument("name")
@data_option
@host_policy_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
@click.option("--dpv", is_flag=True, help="Answer with JSON-LD, in the Data Privacy Vocabulary.")
def record(name: str, data: Path, host_policy: Path | None, as_json: bool, dpv: bool) -> None:
    """The record of processing activities (GDPR, article 30) of the site NAME, as a page of HTML.

    It is made from what is published: whom the processing is of, what is stored for each purpose,
    who receives it, when it is erased. It says what is left for the controller to add.
    """
    with opened(data, host_policy=host_policy) as parts:
        entry = parts.registry.site(name)
        if entry is None:
            raise click.ClickException(f"There is no site {name!r}. See: askfirst site list")
        activities = processing_record(entry, now=parts.now())
    if as_json or dpv:
        print_json(processing_dpv(activities) if dpv else activities)
        return
    click.echo(processing_page(activities), nl=False)


@site.command("assessment")
@click.argument("name")
@data_option
@host_policy_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def assess(name: str, data: Path, host_policy: Path | None, as_json: bool) -> None:
    """The sheet for an impact assessment (GDPR, article 35) of the site NAME, as a page of HTML.

    What is stored and how precisely, the smallest group, how many visitors it singles out as far as
    that was measured, risks and measures; and what the controller has to add.
    """
    with opened(data, host_policy=host_policy) as parts:
        entry = parts.registry.site(name)
        if entry is None:
            raise click.ClickException(f"There is no site {name!r}. See: askfirst site list")
        sheet = assessment(entry, now=parts.now())
    if as_json:
        print_json(sheet)
        return
    click.echo(assessment_page(sheet), nl=False)


def _policy_files(editions: Editions) -> dict[str, str]:
    """Each edition of a policy as a file: its name, and its TOML."""
    return {f"policy-{e.number}.toml": as_toml(e.policy.document) for e in editions}


def _write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write these into a new or empty folder; ClickException where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise click.ClickException(f"{folder} is not empty: name another with --export")
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8", newline="")
    except OSError as error:
        message = f"{folder} cannot be written ({error.strerror}): nothing was removed."
        raise click.ClickException(message) from error
