"""Whether a database is still the file that was opened."""

from __future__ import annotations

from pathlib import Path

from askfirst.errors import CollectorAway


class Present:
    """SQLite goes on writing to a file that was removed: nothing there may be acknowledged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = self._look()

    def check(self) -> None:
        """CollectorAway when the path leads nowhere, or to another file than it did."""
        if self._identity is None or self._look() != self._identity:
            raise CollectorAway(f"{self._path.name} is not the file that was opened")

    def _look(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
