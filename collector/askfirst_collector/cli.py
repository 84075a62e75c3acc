"""`askfirst` on the command line: one group a noun, for people and, with `--json`, for programs."""

from __future__ import annotations

import click

from askfirst import __version__
from askfirst_collector.commands.close import close
from askfirst_collector.commands.collector import collector
from askfirst_collector.commands.demo import demo
from askfirst_collector.commands.doctor import doctor
from askfirst_collector.commands.geo import geo
from askfirst_collector.commands.host import host
from askfirst_collector.commands.init import init
from askfirst_collector.commands.ledger import ledger
from askfirst_collector.commands.migrate import migrate
from askfirst_collector.commands.policy import policy
from askfirst_collector.commands.serve import serve
from askfirst_collector.commands.site import site


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="askfirst")
def main() -> None:
    """Ask first, then count."""


_COMMANDS = (demo, serve, init, doctor, policy, site, collector, host, close, migrate, ledger, geo)
for _command in _COMMANDS:
    main.add_command(_command)
