"""Whether anybody committed to `ledger.db` since one looked: what every cache of it hangs on."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import Engine

from askfirst.errors import CollectorUnavailable
from askfirst_collector.store.database import guard_ledger
from askfirst_collector.store.dialect import is_sqlite
from askfirst_collector.store.faults import StoreFault, fault, unavailable
from askfirst_collector.store.migrate import HEAD
from askfirst_collector.store.present import Present
from askfirst_collector.store.turns import OnceATurn

LOOK = 1.0  # seconds between two looks at the files themselves


class Source(Protocol):
    """What a watch asks: a file of SQLite, or a PostgreSQL (`postgresql.ServerVersion`)."""

    @property
    def is_whole(self) -> bool:
        """Whether it is what was opened, as far as anybody noticed."""

    def check(self) -> None:
        """StoreFault where it is not."""

    def committed(self) -> int:
        """A number that differs once another connection, of any process, has committed."""

    def revision(self) -> str | None:
        """The revision of its tables."""

    def ask(self, question: str) -> Any:
        """The one value of a SELECT without parameters."""

    @property
    def is_away(self) -> bool:
        """Whether it was lost, and may be there again without anybody's doing."""

    def is_there_again(self) -> bool:
        """Whether it was lost, and can be opened anew."""

    def close(self) -> None:
        """Close it, and its engine."""


class _File:
    """SQLite's: `PRAGMA data_version` is comparable within one connection alone."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._pooled = engine.raw_connection()
        self._driver: Any = self._pooled.driver_connection
        self._present = Present(path, cast("sqlite3.Connection", self._driver))
        self.check = self._present.check

    @property
    def is_whole(self) -> bool:
        return self._present.is_whole

    def committed(self) -> int:
        version: int = self._driver.execute("PRAGMA data_version").fetchone()[0]
        return version

    def revision(self) -> str | None:
        row = self._driver.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else row[0]

    def ask(self, question: str) -> Any:
        return self._driver.execute(question).fetchone()[0]

    @property
    def is_away(self) -> bool:
        return False

    def is_there_again(self) -> bool:
        return False  # `check` says so, as long as it is not whole

    def close(self) -> None:
        self._present.end(self._driver, self._close)

    def _close(self) -> None:
        self._pooled.close()
        self._engine.dispose()


def _source(engine: Engine, path: Path) -> Source:
    if is_sqlite(engine):
        return _File(engine, path)
    from askfirst_collector.store.postgresql import ServerVersion

    return ServerVersion(engine)


class Watch:
    """One connection that only asks; the number is comparable within this object alone.

    A cache reads the version *before* it reads rows: what it then keeps is at least that new.
    `also` are checks of other files, made as often as that of the ledger's own.
    """

    def __init__(
        self,
        engine: Engine,
        path: Path,
        *,
        also: Sequence[Callable[[], None]] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_closed = False
        self._is_whole = True
        self._also = also
        self._clock = clock
        self._lock = threading.Lock()
        self.present = _source(engine, path)
        guard_ledger(engine, self._guard)
        self._looked = clock()
        self._version = -1
        # `version`, as of what the running event loop has heard of by now.
        self.heard = OnceATurn(self.version)

    @property
    def is_whole(self) -> bool:
        """Whether the files were those that were opened when somebody last looked."""
        return self._is_whole and self.present.is_whole and not self.is_closed

    @property
    def is_away(self) -> bool:
        """Whether its server was lost: until it is there again, what is open says so."""
        return self.present.is_away

    @property
    def is_there_again(self) -> bool:
        """Whether what was lost can be opened anew; may ask a server."""
        return self.present.is_there_again()

    def version(self) -> int:
        """A number that differs once another connection, of any process, has committed.

        Raises StoreFault, also where a file has been another one, or gone, for a second, and where
        a newer program migrated the ledger.
        """
        now = self._clock()
        if now - self._looked >= LOOK:
            # SQLite would go on answering from a file that nobody else sees any more.
            self.check()
            self._looked = now
        try:
            with self._lock:
                version = self.present.committed()
                if version != self._version:
                    self._check_revision()
                    self._version = version
        except sqlite3.Error:
            # Entered only now: this is asked several times for each event.
            with unavailable("ledger"):
                raise
        return version

    def ask(self, question: str) -> Any:
        """The one value of a SELECT, as of now: for a cache that is asked after every commit.

        SQLAlchemy, and a connection that is fetched for it, would cost many times as much.
        """
        try:
            with self._lock:
                return self.present.ask(question)
        except sqlite3.Error:
            with unavailable("ledger"):
                raise

    def check(self) -> None:
        """StoreFault when what is written now would be lost."""
        try:
            self.present.check()
            for check in self._also:
                check()
        except CollectorUnavailable:
            self._is_whole = False
            raise
        self._is_whole = True

    def close(self) -> None:
        """Close the ledger, as far as that harms nobody; closing twice is harmless."""
        with self._lock:
            if not self.is_closed:
                self.is_closed = True
                self.present.close()

    def _guard(self) -> None:
        if self.is_closed:
            raise StoreFault("ledger", "it was closed")
        self.present.check()

    def _check_revision(self) -> None:
        if self.present.revision() != HEAD:
            raise fault("ledger", "a newer askfirst migrated it: start that one")
