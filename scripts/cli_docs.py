"""Write docs/cli.md from the commands themselves; --check only says whether it is right."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from askfirst_collector.cli import main

TARGET = Path(__file__).resolve().parent.parent / "docs/cli.md"
HEAD = "# The command line\n\n<!-- Written by scripts/build-cli-docs. -->\n"


def pages(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[str]:
    """A section for the command, then one for each below it."""
    # With its own settings, as it is called: click remembers the first help option it made.
    settings = {"terminal_width": 92, **command.context_settings}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from pages(found, below, context)


def text() -> str:
    """The whole file."""
    os.environ["COLUMNS"] = "92"
    return "\n".join([HEAD, *pages(main, "askfirst")])


if __name__ == "__main__":
    if "--check" in sys.argv:
        if TARGET.read_text("utf-8") != text():
            sys.exit("docs/cli.md is not what the commands say: run scripts/build-cli-docs")
    else:
        TARGET.write_text(text(), "utf-8")
