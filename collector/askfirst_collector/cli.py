"""`askfirst` on the command line: one group a noun, for people and, with `--json`, for programs."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword

import click

from askfirst import __version__

# Each is a module of `commands` and the command in it.
COMMANDS = (
    *("backup", "close", "collector", "demo", "doctor", "export", "figures", "geo", "host"),
    *(
        "import",
        "init",
        "keys",
        "ledger",
        "machine",
        "migrate",
        "move",
        "policy",
        "purge",
        "receipt",
        "request",
    ),
    *("restore", "serve", "service", "site", "snippet", "transfer", "user", "webhook"),
)


class Commands(click.Group):
    """Imports a command where it is called for: what another needs costs it nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        try:
            module = import_module(f"askfirst_collector.commands.{_name(cmd_name)}")
        except ModuleNotFoundError as error:
            # One of ours that is missing is a fault, and not what to install.
            if str(error.name).startswith("askfirst"):
                raise
            return _missing(cmd_name, str(error.name))
        command: click.Command = getattr(module, _name(cmd_name))
        return command


def _name(command: str) -> str:
    """What a command is called in Python, where `import` is a word of the language."""
    return f"{command}_" if iskeyword(command) else command


def _missing(name: str, package: str) -> click.Command:
    """A command that says what to install first."""

    @click.command(name, context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1)
    def missing(arguments: tuple[str, ...]) -> None:
        raise click.ClickException(f"{package} is not here: pip install 'askfirst[collector]'")

    missing.short_help = "Needs askfirst[collector]."
    return missing


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="askfirst")
def main() -> None:
    """Ask first, then count."""
