"""`askfirst policy`: check a policy, compare two, say one in plain words, put one in force."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from askfirst.errors import PolicyError, Problem
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst.terms.purpose import Kind
from askfirst.terms.widening import widened
from askfirst_collector.commands.data import FILE, data_option, host_policy_option, opened
from askfirst_collector.explain import PlainPurpose, explain
from askfirst_collector.registry.conflicts import conflicts


@click.group()
def policy() -> None:
    """Check a policy, compare two, read one in plain words, put one in force."""


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
        found = read_policy(file, kind=kind)
        ceiling = read_policy(host_file, kind="host") if host_file else shipped("host-default")
        problems = list(conflicts(found, ceiling)) if kind == "site" else []
        digest: str | None = found.hash
    except PolicyError as error:
        problems, digest = list(error.problems), None
    if as_json:
        _print_json({"usable": not problems, "hash": digest, "problems": _plain(problems)})
    elif problems:
        _print_problems(file, problems)
    else:
        _console().print(
            Text.assemble(("✓ ", "green"), f"{file} can be used. Its hash is {digest}.")
        )
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
    wider = {name: changes for name in after.purposes if (changes := widened(before, after, name))}
    gone = sorted(set(before.purposes) - set(after.purposes))
    if as_json:
        plain = {name: [each.as_dict() for each in changes] for name, changes in wider.items()}
        _print_json({"same": before.hash == after.hash, "widened": plain, "removed": gone})
        sys.exit(1 if wider else 0)
    console = _console()
    for name, changes in wider.items():
        console.print(Text(name, style="bold"), Text("asked again, about exactly this:"))
        for change in changes:
            line = f"{change.dimension}: {_word(change.old)} → {_word(change.new)}"
            console.print(Padding(Text(line), (0, 0, 0, 2)))
    for name in gone:
        console.print(Text.assemble((name, "bold"), " is no longer asked; its grants end."))
    if not wider:
        same = "The two are the same." if before.hash == after.hash else "Nobody is asked again."
        console.print(Text(same))
    sys.exit(1 if wider else 0)


@policy.command()
@click.argument("file", type=FILE)
@data_option
@host_policy_option
def publish(file: Path, data: Path, host_policy: Path | None) -> None:
    """Put FILE in force as the next edition of its site, in a collector that stands by itself."""
    found = _read(file)
    with opened(data, host_policy=host_policy) as parts:
        before = parts.registry.site(found.site)
        current = parts.registry.publish(found).current
    known = before is not None and before.editions.current.hash == current.hash
    said = "was in force already" if known else "is in force now"
    click.echo(f"Edition {current.number} of {found.site} {said}: {current.hash}")


@policy.command("explain")
@click.argument("file", type=FILE)
@click.option("--lang", help="A language of the policy; else its first.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def explain_(file: Path, lang: str | None, as_json: bool) -> None:
    """Say FILE in plain words, as its visitors read it."""
    found = _read(file)
    purposes = explain(found, lang)
    if as_json:
        _print_json({"site": found.site, "purposes": [each.as_dict() for each in purposes]})
        return
    console = _console()
    console.print(Text.assemble((found.site, "bold"), f", answered for by {found.controller.name}"))
    for purpose in purposes:
        _print_purpose(console, purpose)


def _print_purpose(console: Console, purpose: PlainPurpose) -> None:
    how = "asked" if purpose.asked else f"not asked: {purpose.basis}"
    console.print()
    console.print(Text.assemble((purpose.title, "bold"), f"  ({purpose.name}, {how})"))
    console.print(Text(purpose.description))
    stored = [f"{each.name}: {each.means}" for each in purpose.stored]
    sets = [f"May set {', '.join(purpose.sets)}."] if purpose.sets else []
    sold = ["It counts as selling or sharing."] if purpose.sells_or_shares else []
    lines = stored or ["Nothing about a visit is stored."]
    for line in (*lines, *sets, *purpose.kept, purpose.recipients, *sold):
        console.print(Padding(Text(line), (0, 0, 0, 2)))


def _print_problems(file: Path, problems: Iterable[Problem]) -> None:
    console = _console()
    console.print(Text.assemble(("✗ ", "red"), f"{file} cannot be used:"))
    for problem in problems:
        console.print(Padding(Text(problem.pointer or "/", style="bold"), (0, 0, 0, 2)))
        if problem.found is not None:
            console.print(Padding(Text(f"found {_word(problem.found)}"), (0, 0, 0, 4)))
        console.print(Padding(Text(problem.message), (0, 0, 0, 4)))


def _read(file: Path) -> Policy:
    try:
        return read_policy(file)
    except PolicyError as error:
        _print_problems(file, error.problems)
        sys.exit(2)


def _plain(problems: Iterable[Problem]) -> list[dict[str, object]]:
    return [
        {"pointer": each.pointer, "found": each.found, "message": each.message} for each in problems
    ]


def _word(value: object) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _console() -> Console:
    return Console(highlight=False, soft_wrap=False)
