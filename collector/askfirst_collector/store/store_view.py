"""What `events.db` says about a batch before it is accepted: only read, by the one that accepts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from .dictionary import state_of
from .events import Closed, PeriodKey, Row
from .kept_answers import KeptAnswers
from .lots import Name
from .present import Connection, Present
from .schema import OPEN, STEPS, open_events
from .versions import check_version

REMEMBERED = 10_000  # open periods


class View(Protocol):
    """What whoever accepts a batch asks. Belongs to one thread."""

    def refresh(self) -> None:
        """See what was sealed until now, in whichever process."""
        ...

    def closed(self, rows: Sequence[Row]) -> list[PeriodKey]:
        """The periods of these rows that take none any more."""
        ...

    def answers(self, names: Sequence[Sequence[Name]]) -> dict[Name, bytes]:
        """The answers that are kept under any of these names, as of `refresh` at least."""
        ...

    def close(self) -> bool:
        """Close it; whether another file stands in its place."""
        ...


class StoreView:
    """Belongs to one thread. Every method may raise sqlite3.Error, OSError and StoreFault."""

    def __init__(self, path: Path, closed: Closed, *, busy_timeout: int) -> None:
        self._path = path
        self._closed = closed
        self._busy_timeout = busy_timeout
        self._connection: Connection | None = None
        self._present: Present | None = None
        self._open: set[PeriodKey] = set()
        self._kept: KeptAnswers | None = None
        self._version = self._generation = -1

    def refresh(self) -> None:
        """See what every process has sealed until now."""
        connection = self._connected()
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        check_version(connection, STEPS, "events")
        generation = connection.execute("SELECT number FROM generation").fetchone()[0]
        if generation != self._generation or len(self._open) > REMEMBERED:
            self._open.clear()
        self._version, self._generation = version, generation

    def closed(self, rows: Sequence[Row]) -> list[PeriodKey]:
        """The periods of these rows that take none any more."""
        known = self._open
        keys = {row.key for row in rows}
        return [key for key in keys if key not in known and not self._is_open(key)]

    def answers(self, names: Sequence[Sequence[Name]]) -> dict[Name, bytes]:
        """The answers that are kept under any of these names, as of `refresh` at least."""
        connection = self._connection or self._connected()
        if self._kept is None:
            self._kept = KeptAnswers(connection)
        self._kept.refresh(self._version)
        return self._kept.among(names)

    def close(self) -> bool:
        """Close it; whether another file stands in its place."""
        connection, present = self._connection, self._present
        self._connection = self._present = None
        self._version = -1
        self._kept = None
        self._open.clear()
        if connection is None or present is None:
            return False
        is_replaced = present.is_replaced
        with suppress(sqlite3.Error):
            present.end(connection, connection.close)
        return is_replaced

    def _is_open(self, key: PeriodKey) -> bool:
        if key in self._open:
            return True
        connection = self._connection or self._connected()
        state = state_of(connection, key)
        # Sealed before the ledger closes it, so that asking now is not too early.
        is_open = not self._closed(key) if state is None else state == OPEN
        if is_open:
            self._open.add(key)
        return is_open

    def _connected(self) -> Connection:
        if self._connection is None or self._present is None:
            connection = open_events(self._path, busy_timeout=self._busy_timeout)
            try:
                connection.execute("PRAGMA query_only=ON")
                self._present = Present(self._path, connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        else:
            self._present.check()
        return self._connection
