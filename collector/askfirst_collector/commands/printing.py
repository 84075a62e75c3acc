"""How commands say things: problems, changes and JSON, the same for every noun."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from askfirst.errors import Problem
from askfirst.pages.describe_changes import sentences
from askfirst.pages.words import words_in
from askfirst.terms.terms import Terms
from askfirst.terms.widening import Widening


def console() -> Console:
    """Where people read."""
    return Console(highlight=False, soft_wrap=False)


def print_json(value: Any) -> None:
    """For programs."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_problems(head: str, problems: Iterable[Problem]) -> None:
    """Each problem with its place, what was found, and what to write instead."""
    out = console()
    out.print(Text.assemble(("✗ ", "red"), head))
    for problem in problems:
        out.print(Padding(Text(problem.pointer or "/", style="bold"), (0, 0, 0, 2)))
        if problem.found is not None:
            out.print(Padding(Text(f"found {word(problem.found)}"), (0, 0, 0, 4)))
        out.print(Padding(Text(problem.message), (0, 0, 0, 4)))


def plain(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """Problems as plain values."""
    return [problem.as_dict() for problem in problems]


def print_widened(wider: Mapping[str, tuple[Widening, ...]], terms: Mapping[str, Terms]) -> None:
    """What visitors are asked again about, in the words they will read, and by its terms."""
    out, words = console(), words_in("en")
    for name, changes in wider.items():
        out.print(Text(name, style="bold"), Text("asked again, about exactly this:"))
        for sentence in sentences(changes, words, terms[name]):
            out.print(Padding(Text(sentence), (0, 0, 0, 2)))
        for change in changes:
            line = f"{change.dimension}: {word(change.old)} → {word(change.new)}"
            out.print(Padding(Text(line, style="dim"), (0, 0, 0, 4)))
    if not wider:
        out.print(Text("Nobody is asked again."))


def widened_json(wider: Mapping[str, tuple[Widening, ...]]) -> dict[str, list[dict[str, object]]]:
    """The same as plain values."""
    return {name: [widening.as_dict() for widening in changes] for name, changes in wider.items()}


def word(value: object) -> str:
    """A value of a policy."""
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def head_of(file: Path) -> str:
    """The line over the problems of a file."""
    return f"{file} cannot be used:"
