"""The `askfirst` command; what a command needs beside it, the command says."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = ("askfirst_collector", "click", "rich")
MISSING = "pip install 'askfirst[cli]', or 'askfirst[collector]' where the collector runs"


def main() -> None:
    """Run the command line, or say in one line what to install first."""
    if any(find_spec(name) is None for name in NEEDED):
        print(MISSING, file=sys.stderr)  # noqa: T201
        sys.exit(1)
    from askfirst_collector.cli import main as command

    command()


if __name__ == "__main__":
    main()
