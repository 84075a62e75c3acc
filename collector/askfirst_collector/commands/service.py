"""`askfirst service`: what other companies' services receive and keep, written into a policy."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from askfirst.errors import PolicyError
from askfirst.terms.declare import Key, declare_in_purpose, declare_recipient, write_whole
from askfirst.terms.policy import read_policy
from askfirst.terms.terms import Recipient
from askfirst_collector.commands.data import FILE
from askfirst_collector.commands.printing import console, print_json, print_problems
from askfirst_collector.init.known_services import KnownService, known_services

CHECK = "Facts by its maker's own page, which change: check them, and what contract you have."


@click.group()
def service() -> None:
    """Services that sites embed: list them, show one, write one into a policy."""


@service.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def list_(as_json: bool) -> None:
    """List the services that are known, with the purpose each is mostly for."""
    if as_json:
        print_json([asdict(known) for known in known_services()])
        return
    table = Table("Name", "Service", "Purpose", "Recipient", box=None, pad_edge=False)
    for known in known_services():
        table.add_row(known.name, known.title, known.purpose, f"{known.recipient}, {known.country}")
    console().print(table)


@service.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def show(name: str, as_json: bool) -> None:
    """Say what NAME receives, asks and keeps, and how it is told of consent."""
    known = _find(name)
    if as_json:
        print_json(asdict(known))
        return
    rows = {
        "service": known.title,
        "purpose": known.purpose,
        "recipient": f"{known.recipient}, {known.country}, {known.role.replace('_', ' ')}",
        "hosts": ", ".join(known.hosts),
        "cookies": ", ".join(known.cookies) or "none in the site's name",
        "storage": ", ".join(known.storage) or "none in the site's name",
        "consent": known.consent,
        "source": known.source,
    }
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in rows.items():
        table.add_row(Text(key, "bold"), Text(value))
    console().print(table)
    console().print(Text(CHECK))


@service.command()
@click.argument("name")
@click.argument("file", type=FILE, default="policy.toml")
@click.option("--purpose", help="The purpose it is for; else the one it is mostly for.")
def add(name: str, file: Path, purpose: str | None) -> None:
    """Write NAME into the policy FILE: who receives, which hosts, cookies and storage.

    Every other line stays as it is. A recipient more is asked about: visitors are asked again.
    """
    known = _find(name)
    purpose = purpose or known.purpose
    try:
        text = file.read_bytes().decode()  # line ends as they are
    except OSError as error:
        raise click.ClickException(
            f"{file} cannot be read: {error.strerror}; write one with askfirst init"
        ) from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not UTF-8: save it as that") from None
    try:
        policy = read_policy(file)
        if purpose not in policy.purposes:
            names = ", ".join(policy.purposes) or "none"
            raise click.ClickException(
                f"{file} has no purpose {purpose}: name one by --purpose, there is {names}"
            )
        terms = policy.purposes[purpose].terms
        if any(recipient.name == known.recipient for recipient in terms.recipients):
            raise click.ClickException(f"{known.recipient} is a recipient of {purpose} already")
        recipient = Recipient(known.recipient, known.role, known.country, known.hosts)
        comment = f"{known.title}, by: askfirst service add {known.name}. Check it: {known.source}"
        text = declare_recipient(text, recipient, purpose, comment)
        keys: tuple[tuple[Key, tuple[str, ...], frozenset[str]], ...] = (
            ("cookies", known.cookies, terms.cookies.items),
            ("storage", known.storage, terms.storage.items),
        )
        for key, globs, present in keys:
            for glob in reversed(globs):
                if glob not in present:
                    text = declare_in_purpose(text, glob, purpose, key)
    except PolicyError as error:
        print_problems(
            f"{known.title} cannot come into {file}, which is as it was:", error.problems
        )
        raise SystemExit(1) from None
    try:
        write_whole(file, text.encode())
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from None
    console().print(Text.assemble(("✓ ", "green"), f"{known.title} is in {file}, for {purpose}."))
    console().print(Text(f"It is told of consent by: {known.consent}."))
    console().print(Text(f"{CHECK} {known.source}"))


def _find(name: str) -> KnownService:
    for known in known_services():
        if known.name == name:
            return known
    raise click.ClickException(f"no service {name} is known here: askfirst service list")
