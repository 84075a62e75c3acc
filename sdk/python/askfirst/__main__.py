"""The `askfirst` command: the collector's command line, where the collector is installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = ("askfirst_collector", "click", "rich", "uvicorn", "sqlalchemy", "starlette")
MISSING = "pip install 'askfirst[collector]'"


def main() -> None:
    """Run the command line, or say in one line what to install first."""
    if any(find_spec(name) is None for name in NEEDED):
        print(MISSING, file=sys.stderr)  # noqa: T201
        sys.exit(1)
    from askfirst_collector.cli import main as command

    command()


if __name__ == "__main__":
    main()
