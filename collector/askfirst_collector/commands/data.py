"""What commands share: the data folder, opened and closed around one command."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from askfirst.errors import AskfirstError, PolicyError

if TYPE_CHECKING:
    from askfirst_collector.services import Services

FILE = click.Path(dir_okay=False, path_type=Path)


def data_option(command: Any) -> Any:
    """`--data`, of a folder that is there."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, exists=True, path_type=Path),
        required=True,
        help="The data folder of the collector.",
    )(command)


def host_policy_option(command: Any) -> Any:
    """`--host-policy`, a file."""
    return click.option(
        "--host-policy", type=FILE, help="The host's policy; else the shipped one governs."
    )(command)


@contextmanager
def opened(data: Path, *, host_policy: Path | None = None) -> Iterator[Services]:
    """The parts of a collector for one command; our errors become messages."""
    # Not for commands that only read files: those run where no collector is installed.
    from askfirst_collector.runtime.open import close_services, open_services

    with click_errors():
        # Beside a collector, perhaps where its log cannot be seen: no command ends every grant.
        parts = open_services(
            data, host_policy=host_policy, now=time.time, urandom=os.urandom, may_end=False
        )
        try:
            yield parts
        finally:
            close_services(parts)


@contextmanager
def click_errors() -> Iterator[None]:
    """Our errors as one message and status 1, without a traceback."""
    try:
        yield
    except PolicyError as error:
        raise click.ClickException(f"The policy cannot be used.\n{error}") from error
    except AskfirstError as error:
        raise click.ClickException(str(error)) from error
