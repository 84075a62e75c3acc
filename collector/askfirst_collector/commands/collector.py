"""`askfirst collector`: collectors that site owners place on pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import click

from askfirst.errors import PolicyError
from askfirst.terms.placed import clamped, read_placed
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.api.serialize import line_of, placed_json
from askfirst_collector.catalogue.activate import chain_conflicts
from askfirst_collector.catalogue.placed import STATES, PlacedCollector, State
from askfirst_collector.commands.data import FILE, click_errors, data_option, opened
from askfirst_collector.commands.printing import head_of, plain, print_json, print_problems
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.placed_collectors import (
    renew_write_key,
    save_collector,
    set_collector_state,
)


@click.group()
def collector() -> None:
    """Check, add and stop collectors that are placed on pages of a site."""


@collector.command()
@click.argument("file", type=FILE)
@click.option("--site", "site_file", type=FILE, required=True, help="The policy of its site.")
@click.option("--host", "host_file", type=FILE, help="The host's policy; else the shipped one.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def check(file: Path, site_file: Path, host_file: Path | None, as_json: bool) -> None:
    """Say whether the collector FILE lies within the policies above it; nothing is written.

    Ends with 0 when it does, 1 when not.
    """
    with click_errors():
        site = read_policy(site_file)
        host = read_policy(host_file, kind="host") if host_file else shipped("host-default")
    try:
        placed = read_placed(file)
        problems = chain_conflicts(placed, site, host)
        cut = clamped(placed, site) if problems else None
    except PolicyError as error:
        problems, cut = error.problems, None
    if as_json:
        fitting = None if cut is None else cut.document
        print_json({"usable": not problems, "problems": plain(problems), "clamped": fitting})
    elif problems:
        print_problems(head_of(file), problems)
    else:
        click.echo(f"✓ {file} lies within the site's policy and the host's.")
    sys.exit(1 if problems else 0)


expected_option = click.option(
    "--expected", type=int, help="The version that was edited; a newer one is kept."
)


@collector.command()
@click.argument("file", type=FILE)
@data_option
@click.option("--owner", required=True, help="The member whose it is, and who sees its figures.")
@click.option("--clamp", is_flag=True, help="Cut off what goes beyond the policies above it.")
@expected_option
@click.option("--active", is_flag=True, help="Put it on its pages at once; else it is a draft.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def add(
    file: Path,
    data: Path,
    owner: str,
    clamp: bool,
    expected: int | None,
    active: bool,
    as_json: bool,
) -> None:
    """Add the collector FILE to its site, or give it new terms. Says what was cut by --clamp."""
    with click_errors():
        placed = read_placed(file)
    with opened(data) as parts:
        _check_owner(parts, owner)
        try:
            saved = save_collector(
                parts, ON_THE_MACHINE, placed, owner=owner, expected=expected, clamp=clamp
            )
        except PolicyError as error:
            if not as_json:
                print_problems(head_of(file), error.problems)
                sys.exit(1)
            print_json({"saved": False, "problems": plain(error.problems)})
            sys.exit(1)
        placed_collector = saved.collector
        if active and placed_collector.state != "active":
            placed_collector = set_collector_state(
                parts, ON_THE_MACHINE, placed_collector.site, placed_collector.name, "active"
            )
        overlaps = parts.placed_collectors.overlapping(placed)
    if as_json:
        told_of = {"saved": True, **placed_json(placed_collector), "overlaps": overlaps}
        print_json({**told_of, "cut": plain(saved.cut)})
        return
    if saved.cut:
        print_problems("Cut off, since the policies above it allow less:", saved.cut)
    click.echo(f"{placed_collector.name} at {placed_collector.site} is {_said(placed_collector)}.")
    for other in overlaps:
        click.echo(f"It shares pages with {other}: each asks for itself.")
    click.echo(f"Place this on its pages:\n\n  {line_of(placed_collector)}\n")


@collector.command("list")
@data_option
@click.option("--site", help="Those of one site.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def list_(data: Path, site: str | None, as_json: bool) -> None:
    """Every placed collector: how it stands, and why it is suspended."""
    with opened(data) as parts:
        names = [site] if site else parts.registry.sites()
        collectors = [entry for name in names for entry in parts.placed_collectors.all(name)]
    if as_json:
        print_json([placed_json(entry) for entry in collectors])
        return
    for entry in collectors:
        pages = ", ".join(entry.placed.pages)
        click.echo(f"{entry.site}/{entry.name}  {_said(entry)}, of {entry.owner}, on {pages}")
    if not collectors:
        click.echo("No collector is placed on any page.")


@collector.command()
@click.argument("site")
@click.argument("name")
@click.argument(
    "to", type=click.Choice([state_name for state_name in STATES if state_name != "draft"])
)
@data_option
@expected_option
def state(site: str, name: str, to: str, data: Path, expected: int | None) -> None:
    """Put the collector NAME of SITE on its pages, suspend it, or retire it for good."""
    with opened(data) as parts:
        changed = set_collector_state(
            parts, ON_THE_MACHINE, site, name, cast(State, to), expected=expected
        )
    click.echo(f"{changed.name} at {changed.site} is {_said(changed)}.")


@collector.command()
@click.argument("site")
@click.argument("name")
@data_option
@expected_option
def key(site: str, name: str, data: Path, expected: int | None) -> None:
    """Make another write key for the collector NAME of SITE. Events under the old one are dropped.

    Prints the line to put into its pages in the place of the old one.
    """
    with opened(data) as parts:
        changed = renew_write_key(parts, ON_THE_MACHINE, site, name, expected=expected)
    click.echo(line_of(changed))


def _check_owner(parts: Services, owner: str) -> None:
    known = [member.name for member in parts.members.all()]
    if owner not in known:
        listed = ", ".join(known) or "there are none yet: askfirst host link"
        raise click.ClickException(f"No member is called {owner!r}. Members: {listed}")


def _said(collector: PlacedCollector) -> str:
    if collector.state != "suspended" or collector.reason is None:
        return collector.state
    if collector.by_chain:
        beyond = ", ".join(conflict["pointer"] for conflict in collector.reason["conflicts"])
        return f"suspended: beyond the policies above it in {beyond}"
    return f"suspended by {collector.reason['by']}"
