"""Whether anybody committed to `ledger.db` since one looked: what every cache of it hangs on."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from askfirst_collector.store.faults import away
from askfirst_collector.store.present import Present

LOOK = 1.0  # seconds between two looks at the file itself


class Watch:
    """One connection that only asks; the number is comparable within this object alone.

    A cache reads the version *before* it reads rows: what it then keeps is at least that new.
    """

    def __init__(
        self, engine: Engine, present: Present, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._present = present
        self._clock = clock
        self._looked = clock()
        self._lock = threading.Lock()
        self._pooled = engine.raw_connection()
        self._driver: Any = self._pooled.driver_connection

    def version(self) -> int:
        """A number that differs once another connection, of any process, has committed.

        Raises CollectorAway, also where the file has been another one, or gone, for a second.
        """
        if self._clock() - self._looked >= LOOK:
            # SQLite would go on answering from a file that nobody else sees any more.
            self._present.check()
            self._looked = self._clock()
        try:
            with self._lock:
                version: int = self._driver.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            # Entered only now: this is asked several times for each event.
            with away("ledger"):
                raise
        return version

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._pooled.close()
