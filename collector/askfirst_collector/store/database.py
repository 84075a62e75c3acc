"""`ledger.db`: the one engine, the one `MetaData`, and the transaction that writes.

SQLAlchemy Core, and nothing in it that PostgreSQL cannot do, so that it can take this file over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, text

from askfirst_collector.store.migrating import migrate

metadata = MetaData()

# WAL so that readers never wait for the writer; FULL because an acknowledgement means "on disk".
# A grant that is not recorded in 2 s is answered 503: nobody waits for a lock longer than that.
PRAGMAS = (
    "PRAGMA busy_timeout=1800",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
)


def open_ledger(path: Path) -> Engine:
    """Open the ledger database at `path`, its tables made or brought up to date.

    The folder must exist. Raises SettingError for a database that is newer than the program.
    """
    # The text of an error would hold what was written: handles, hashes of passwords.
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"check_same_thread": False}, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare)
    migrate(engine)
    path.chmod(0o600)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: `writing` does, with BEGIN IMMEDIATE.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: it holds the write lock from its first statement on."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def data_version(connection: Connection) -> int:
    """A number that changes when another connection has committed (SQLite `data_version`)."""
    version: int = connection.execute(text("PRAGMA data_version")).scalar_one()
    return version
