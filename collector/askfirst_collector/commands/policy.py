"""`askfirst policy`: check a policy, compare two, say one in plain words, publish one."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from askfirst.errors import PolicyError
from askfirst.terms.policy import Policy, idle_purposes, read_policy, shipped, without_campaigns
from askfirst.terms.purpose import Kind
from askfirst.terms.terms import Terms
from askfirst.terms.widening import Widening, widened
from askfirst_collector.catalogue.chain_conflicts import conflicts
from askfirst_collector.commands.data import FILE, data_option, host_policy_option, opened
from askfirst_collector.commands.printing import (
    console,
    head_of,
    plain,
    print_json,
    print_problems,
    print_widened,
    widened_json,
)
from askfirst_collector.explain import PlainPurpose, explain

if TYPE_CHECKING:
    from askfirst_collector.usecases.preview_publish import PublishPreview


@click.group()
def policy() -> None:
    """Check a policy, compare two, read one in plain words, publish one."""


@policy.command()
@click.argument("file", type=FILE)
@click.option("--host", "host_file", type=FILE, help="The host's policy; else the shipped one.")
@click.option("--kind", type=click.Choice(["site", "host"]), default="site", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def check(file: Path, host_file: Path | None, kind: Kind, as_json: bool) -> None:
    """Say whether FILE can be used, and whether it stays within the host's policy.

    Ends with 0 when it can, 1 when not.
    """
    try:
        candidate = read_policy(file, kind=kind)
        host_policy = read_policy(host_file, kind="host") if host_file else shipped("host-default")
        problems = list(conflicts(candidate, host_policy)) if kind == "site" else []
        digest: str | None = candidate.hash
        warnings = (
            [*idle_purposes(candidate), *without_campaigns(candidate)] if kind == "site" else []
        )
    except PolicyError as error:
        problems, digest, warnings = list(error.problems), None, []
    if as_json:
        answer = {"usable": not problems, "hash": digest, "problems": plain(problems)}
        print_json({**answer, "warnings": plain(warnings)})
    elif problems:
        print_problems(head_of(file), problems)
    else:
        console().print(
            Text.assemble(("✓ ", "green"), f"{file} can be used. Its hash is {digest}.")
        )
        for warning in warnings:
            console().print(Text.assemble(("! ", "yellow"), f"{warning}."))
    sys.exit(1 if problems else 0)


@policy.command()
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def diff(old: Path, new: Path, as_json: bool) -> None:
    """Say what NEW would widen, so that visitors of OLD are asked again.

    Ends with 0 when nobody is asked again, 1 when someone is.
    """
    before, after = _read(old), _read(new)
    wider = _wider(before, after)
    gone = sorted(set(before.purposes) - set(after.purposes))
    if as_json:
        same = before.hash == after.hash
        print_json({"same": same, "widened": widened_json(wider), "removed": gone})
        sys.exit(1 if wider else 0)
    if before.hash == after.hash:
        console().print(Text("The two are the same."))
    else:
        print_widened(wider, _terms(after))
    for name in gone:
        console().print(Text.assemble((name, "bold"), " is no longer asked; its grants end."))
    sys.exit(1 if wider else 0)


def _wider(before: Policy | None, after: Policy) -> dict[str, tuple[Widening, ...]]:
    if before is None:
        return {}
    widenings = {name: widened(before, after, name) for name in after.purposes}
    return {name: changes for name, changes in widenings.items() if changes}


def _terms(policy: Policy) -> dict[str, Terms]:
    return {name: purpose.terms for name, purpose in policy.purposes.items()}


@policy.command()
@click.argument("file", type=FILE)
@data_option
@host_policy_option
@click.option(
    "--effective",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]),
    help="A time to come, UTC, at which it is published; else now.",
)
@click.option("--expected", type=int, help="The edition that was edited; a newer one is kept.")
@click.option("--preview", "only_preview", is_flag=True, help="Only say what it would do.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def publish(
    file: Path,
    data: Path,
    host_policy: Path | None,
    effective: datetime | None,
    expected: int | None,
    only_preview: bool,
    as_json: bool,
) -> None:
    """Publish FILE as the next edition of its site, in a collector that stands by itself.

    Says what it widens, and so what visitors are asked again about. With --preview nothing is
    published, and it ends with 1 where it could not be.
    """
    # Only what opens a collector's folder needs one to be installed.
    from askfirst_collector.api.serialize import moment, publish_preview_json
    from askfirst_collector.members.rows import ON_THE_MACHINE
    from askfirst_collector.usecases.preview_publish import preview_publish
    from askfirst_collector.usecases.sites import publish_policy

    candidate = _read(file)
    if only_preview:
        with opened(data, host_policy=host_policy) as parts:
            effects = preview_publish(parts, candidate)
        if as_json:
            print_json(publish_preview_json(effects))
        else:
            _print_preview(candidate.site, effects)
        sys.exit(1 if effects.problems else 0)
    later = None if effective is None else int(effective.replace(tzinfo=UTC).timestamp())
    with opened(data, host_policy=host_policy) as parts:
        before = parts.registry.site(candidate.site)
        editions = publish_policy(
            parts, ON_THE_MACHINE, candidate, effective=later, expected=expected
        )
    current = before.editions.current if before is not None else None
    wider = _wider(current.policy if current is not None else None, candidate)
    newest = editions.current if editions else None
    if as_json:
        print_json(
            {
                "site": candidate.site,
                "hash": candidate.hash,
                "edition": None if newest is None else newest.number,
                "scheduled": None if later is None else moment(later),
                "widened": widened_json(wider),
            }
        )
        return
    if later is not None or newest is None:
        click.echo(f"It will be published at {moment(later or 0)}: {candidate.hash}")
    else:
        known = current is not None and current.number == newest.number
        status = "was published already" if known else "is published"
        click.echo(f"Edition {newest.number} of {candidate.site} {status}: {newest.hash}")
    if current is not None and current.policy.hash != candidate.hash:
        print_widened(wider, _terms(candidate))


def _print_preview(site: str, effects: PublishPreview) -> None:
    out = console()
    if effects.problems:
        print_problems("It goes beyond the host policy, and would be refused:", effects.problems)
    if effects.same:
        out.print(Text(f"{site} has exactly this policy already."))
    for name in effects.added:
        out.print(Text.assemble((name, "bold"), " is new: every visitor is asked about it."))
    for name in effects.removed:
        out.print(Text.assemble((name, "bold"), " is no longer asked; its grants end."))
    for name, sentences in effects.asked_again.items():
        out.print(Text.assemble((name, "bold"), " asked again, about exactly this:"))
        for sentence in sentences:
            out.print(Padding(Text(sentence), (0, 0, 0, 2)))
    if effects.before is not None and not effects.asked_again:
        out.print(Text("Nobody who agreed is asked again."))
    for name, problems in effects.suspends.items():
        print_problems(f"Would suspend {name}:", problems)
    for name in effects.resumes:
        out.print(Text(f"Would go on: {name}"))
    number = 0 if effects.before is None else effects.before.number
    out.print(Text(f"Nothing was changed: edition {number} of {site} is published."))


@policy.command()
@click.argument("site")
@data_option
@click.option("--expected", help="The hash of the policy that was seen; another one is kept.")
def unschedule(site: str, data: Path, expected: str | None) -> None:
    """Drop the policy of SITE that was to take effect later; harmless where there is none."""
    from askfirst_collector.members.rows import ON_THE_MACHINE
    from askfirst_collector.usecases.sites import unschedule_policy

    with opened(data) as parts:
        if parts.registry.site(site) is None:
            raise click.ClickException(f"No site is called {site!r}. See: askfirst site list")
        unschedule_policy(parts, ON_THE_MACHINE, site, expected=expected)
    click.echo(f"No policy of {site} waits to take effect.")


@policy.command("explain")
@click.argument("file", type=FILE)
@click.option("--lang", help="A language of the policy; else its first.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def explain_(file: Path, lang: str | None, as_json: bool) -> None:
    """Say FILE in plain words, as its visitors read it."""
    site_policy = _read(file)
    purposes = explain(site_policy, lang)
    if as_json:
        print_json({"site": site_policy.site, "purposes": [entry.as_dict() for entry in purposes]})
        return
    out = console()
    out.print(
        Text.assemble(
            (site_policy.site, "bold"), f", answered for by {site_policy.controller.name}"
        )
    )
    for purpose in purposes:
        _print_purpose(out, purpose)


def _print_purpose(out: Console, purpose: PlainPurpose) -> None:
    how = "asked" if purpose.asked else f"not asked: {purpose.basis}"
    out.print()
    out.print(Text.assemble((purpose.title, "bold"), f"  ({purpose.name}, {how})"))
    out.print(Text(purpose.description))
    stored = [f"{attribute.name}: {attribute.means}" for attribute in purpose.stored]
    sets = [f"May set {', '.join(purpose.sets)}."] if purpose.sets else []
    sold = ["It counts as selling or sharing."] if purpose.sells_or_shares else []
    lines = stored or ["Nothing about a visit is stored."]
    for line in (*lines, *sets, *purpose.kept, purpose.recipients, *sold):
        out.print(Padding(Text(line), (0, 0, 0, 2)))


def _read(file: Path) -> Policy:
    try:
        return read_policy(file)
    except PolicyError as error:
        print_problems(head_of(file), error.problems)
        sys.exit(2)
