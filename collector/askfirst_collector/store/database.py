"""`ledger.db`: the one engine, the one `MetaData`, and the transaction that writes.

SQLAlchemy Core, and nothing in it that PostgreSQL cannot do, so that it can take this file over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, delete, event, text
from sqlalchemy.exc import DatabaseError

from askfirst_collector.config import SettingError
from askfirst_collector.store.faults import DAMAGE, error_name, unavailable
from askfirst_collector.store.migrate import migrate
from askfirst_collector.store.present import connect

metadata = MetaData()

# The open file, to whoever hands it on to a function that knows its tables.
Database = Engine

_GUARD = "askfirst_guard"

# WAL so that readers never wait for the writer; FULL because an acknowledgement means "on disk".
# A grant that is not recorded in 2 s is answered 503: nobody waits for a lock longer than that.
WAIT = 1.8  # seconds
PRAGMAS = (
    "PRAGMA busy_timeout=1800",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
)


def open_ledger(path: Path) -> Engine:
    """Open the ledger database at `path`, its tables made or brought up to date.

    The folder must exist. Raises SettingError for a database that is newer than the program, and
    for one that is damaged.
    """

    def creator() -> sqlite3.Connection:
        guard = engine.get_execution_options().get(_GUARD)
        if guard is not None:
            guard()
        return connect(path, timeout=WAIT)

    # The text of an error would hold what was written: handles, hashes of passwords.
    engine = create_engine(f"sqlite:///{path}", creator=creator, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    try:
        migrate(engine)
    except DatabaseError as error:
        engine.dispose()
        name = error_name(error)
        if name.startswith(DAMAGE):
            raise damaged(path, name) from None
        raise
    path.chmod(0o600)
    return engine


def migrate_ledger(path: Path) -> None:
    """Bring the tables of `ledger.db` up to this program. Raises as `open_ledger`."""
    open_ledger(path).dispose()


def guard_ledger(engine: Engine, guard: Callable[[], None]) -> None:
    """Ask before every further connection: the file may be another one, or the engine be closed."""
    engine.update_execution_options(**{_GUARD: guard})


def damaged(path: Path, name: str) -> SettingError:
    """What to do about a database that SQLite calls damaged, under SQLite's name for that."""
    advice = (
        f"{path.name} is damaged: stop what uses this folder, keep a copy of the folder, look with "
        f"askfirst ledger check --data {path.parent}, and put a backup in its place"
    )
    return SettingError("askfirst.E103", name, advice)


def _prepare(connection: Any, _record: object) -> None:
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


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read with; CollectorUnavailable where the file cannot be read."""
    with unavailable("ledger"), engine.connect() as connection:
        yield connection


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """One write transaction; CollectorUnavailable where it cannot be made."""
    with unavailable("ledger"), writing(engine) as connection:
        yield connection


@contextmanager
def not_at_once(engine: Engine) -> Iterator[None]:
    """Until the end, commits do not wait for the disk: for what may be lost with the machine."""
    event.listen(engine, "checkout", _without_waiting)
    try:
        yield
    finally:
        event.remove(engine, "checkout", _without_waiting)
        engine.dispose()  # its connections go on waiting for nothing


def _without_waiting(connection: Any, _record: object, _proxy: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def forget_site(connection: Connection, site: str, *, but: Collection[str]) -> None:
    """Remove the rows of a site from every table that names one, `but` those."""
    for table in metadata.sorted_tables:
        if "site" in table.c and table.name not in but:
            connection.execute(delete(table).where(table.c.site == site))


def data_version(connection: Connection) -> int:
    """A number that changes when another connection has committed (SQLite `data_version`)."""
    version: int = connection.execute(text("PRAGMA data_version")).scalar_one()
    return version
