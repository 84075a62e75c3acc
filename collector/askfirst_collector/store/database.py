"""`ledger.db`: the one engine, the one `MetaData`, and the transaction that writes.

SQLAlchemy Core, and nothing that PostgreSQL cannot do, which takes this file over (`postgresql`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, delete, event
from sqlalchemy.exc import DatabaseError

from askfirst_collector.config import SettingError
from askfirst_collector.store.dialect import begin, commit, is_sqlite, without_waiting
from askfirst_collector.store.faults import DAMAGE, error_name, unavailable
from askfirst_collector.store.migrate import Step, migrate, rehearse, rehearse_undone
from askfirst_collector.store.present import connect
from askfirst_collector.store.schema import use_journal

metadata = MetaData()

# The open file, to whoever hands it on to a function that knows its tables.
Database = Engine

_GUARD = "askfirst_guard"
_WRITER = "askfirst_writer"

# WAL so that readers never wait for the writer; FULL because an acknowledgement means "on disk".
# A grant that is not recorded in 2 s is answered 503: nobody waits for a lock longer than that.
WAIT = 1.8  # seconds
_BUSY = 1_800  # the same in milliseconds
# Pages at which the journal is written back, four times as many as SQLite has by itself: the pages
# that every grant touches are written back a quarter as often. 16 MB at most, unless one reads on.
_JOURNAL = 4_000
# How a statement with many rows is executed, within a transaction: the driver of a server keeps in
# memory whatever it answers.
SOME_AT_A_TIME = {"yield_per": 1000}


def open_ledger(path: Path, url: str = "") -> Engine:
    """Open the ledger database at `path`, its tables made or brought up to date.

    The folder must exist. With `url` it is a PostgreSQL instead. Raises SettingError for a database
    that is newer than the program, one that is damaged, and an address that cannot be used;
    StoreFault where nobody answers there.
    """

    def ask_guard() -> None:
        guard = engine.get_execution_options().get(_GUARD)
        if guard is not None:
            guard()

    if url:
        from askfirst_collector.store.postgresql import open_engine

        engine = open_engine(url, ask_guard)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def creator() -> sqlite3.Connection:
        ask_guard()
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


def migrate_ledger(path: Path, url: str = "") -> None:
    """Bring the tables of `ledger.db` up to this program. Raises as `open_ledger`."""
    open_ledger(path, url).dispose()


def rehearse_ledger(path: Path, url: str = "") -> tuple[Step, ...]:
    """See that it would work, and what would run: on a copy, or in a transaction that is undone.

    Raises what the migration would.
    """
    if not url:
        return rehearse(path)
    from askfirst_collector.store.postgresql import open_engine

    engine = open_engine(url, lambda: None)
    try:
        return rehearse_undone(engine)
    finally:
        engine.dispose()


def guard_ledger(engine: Engine, guard: Callable[[], None]) -> None:
    """Ask before every further connection: the file may be another one, or the engine be closed."""
    engine.update_execution_options(**{_GUARD: guard})


def judge_writers(engine: Engine, state: str, judge: Callable[[object], None]) -> None:
    """Ask in every transaction that writes: `judge` is given the value that `state` selects."""
    engine.update_execution_options(**{_WRITER: (state, judge)})


def damaged(path: Path, name: str) -> SettingError:
    """What to do about a database that SQLite calls damaged, under SQLite's name for that."""
    advice = (
        f"{path.name} is damaged: stop what uses this folder, keep a copy of the folder, look with "
        f"askfirst ledger check --data {path.parent}, and put a backup in its place"
    )
    return SettingError("askfirst.E103", name, advice)


def _prepare(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={_BUSY}")
    use_journal(connection, _BUSY)
    connection.execute(f"PRAGMA wal_autocheckpoint={_JOURNAL}")
    connection.execute("PRAGMA foreign_keys=ON")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: it holds the write lock from its first statement on."""
    with engine.connect() as connection:
        state, judge = engine.get_execution_options().get(_WRITER, ("", None))
        value = begin(connection, state)
        try:
            if judge is not None:
                judge(value)
            yield connection
        except BaseException:
            connection.rollback()
            raise
        commit(connection)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read with; CollectorUnavailable where the file cannot be read."""
    with unavailable("ledger"), engine.connect() as connection:
        yield connection


@contextmanager
def reading_many(engine: Engine) -> Iterator[Connection]:
    """The same, within a transaction: for statements that give `SOME_AT_A_TIME`."""
    with reading(engine) as connection:
        if not is_sqlite(connection):
            connection.exec_driver_sql("BEGIN TRANSACTION READ ONLY")
        yield connection


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """One write transaction; CollectorUnavailable where it cannot be made."""
    with unavailable("ledger"), writing(engine) as connection:
        yield connection


@contextmanager
def not_at_once(engine: Engine) -> Iterator[None]:
    """Until the end, commits do not wait for the disk: for what may be lost with the machine."""
    prepare = without_waiting(engine)
    event.listen(engine, "checkout", prepare)
    try:
        yield
    finally:
        event.remove(engine, "checkout", prepare)
        engine.dispose()  # its connections go on waiting for nothing


def forget_site(connection: Connection, site: str, *, but: Collection[str]) -> None:
    """Remove the rows of a site from every table that names one, `but` those."""
    for table in metadata.sorted_tables:
        if "site" in table.c and table.name not in but:
            connection.execute(delete(table).where(table.c.site == site))
