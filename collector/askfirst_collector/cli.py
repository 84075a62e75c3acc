"""`askfirst` on the command line: one group a noun, for people and, with `--json`, for programs."""

from __future__ import annotations

import click

from askfirst import __version__
from askfirst_collector.commands.host import host
from askfirst_collector.commands.policy import policy
from askfirst_collector.commands.serving import demo


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="askfirst")
def main() -> None:
    """Ask first, then count."""


for _command in (demo, policy, host):
    main.add_command(_command)
