"""What SQLite and PostgreSQL say differently about a transaction, a lock, and the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from .present import connect

# The rows of a statement, with `?` for each parameter.
Ask = Callable[..., Iterable[Any]]

# Of this database alone, and until the transaction ends: it has the number of nobody else's lock.
LOCK = 0x61736B6669727374  # "askfirst"


def is_sqlite(engine: Engine | Connection) -> bool:
    """Whether it is a file."""
    return engine.dialect.name == "sqlite"


def begin(connection: Connection, question: str = "") -> object:
    """Begin a transaction that writes: whoever reads in it reads what nobody else changes.

    What a server answers to `question`, a SELECT of one value, in the same round trip.
    """
    if is_sqlite(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return None
    # Each statement after it sees all that was committed before.
    lock = f"BEGIN TRANSACTION; SELECT pg_advisory_xact_lock({LOCK})"
    if not question:
        connection.exec_driver_sql(lock)
        return None
    return connection.exec_driver_sql(f"{lock}; {question}").all()[-1][0]


def commit(connection: Connection) -> None:
    """Commit, or raise: where a statement failed, a server undoes all, and answers as if it had."""
    if not is_sqlite(connection) and _has_failed(connection):
        raise RuntimeError("a statement of this transaction failed: nothing of it is written")
    connection.commit()


def _has_failed(connection: Connection) -> bool:
    session: Any = connection.connection.driver_connection
    return bool(session._transaction_status == b"E")


@contextmanager
def patience(connection: Connection, wait: int) -> Iterator[None]:
    """Until the end, wait so many milliseconds for the lock; begin no transaction before."""
    ask, tell = "PRAGMA busy_timeout", "PRAGMA busy_timeout="
    if not is_sqlite(connection):
        ask, tell = (
            "SELECT setting FROM pg_settings WHERE name = 'lock_timeout'",
            "SET lock_timeout=",
        )
    before = connection.exec_driver_sql(ask).scalar_one()
    connection.rollback()
    connection.exec_driver_sql(f"{tell}{wait}")
    connection.rollback()
    try:
        yield
    finally:
        connection.exec_driver_sql(f"{tell}{before}")
        connection.rollback()


def empty_journal(connection: Connection) -> None:
    """Empty the journal of a file, where what was removed still is; a server sees to its own."""
    if is_sqlite(connection):
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()


def without_waiting(engine: Engine) -> Any:
    """What makes a session of the driver wait for no disk."""
    statement = "PRAGMA synchronous=OFF"
    if not is_sqlite(engine):
        statement = "SET synchronous_commit = off"

    def prepare(session: Any, _record: object, _proxy: object) -> None:
        if is_sqlite(engine):
            session.execute(statement)
        else:
            session.driver_connection.execute_simple(statement)

    return prepare


@contextmanager
def one_moment(path: Path, url: str, wait: float) -> Iterator[Ask]:
    """What a ledger has, as of one moment, to look at without writing; `wait` is in seconds.

    Beside a running collector, of whichever version: no table is brought up. Raises sqlite3.Error,
    SettingError and StoreFault.
    """
    if url:
        from .postgresql import one_moment_of

        with one_moment_of(url) as ask:
            yield ask
        return
    with closing(connect(path, timeout=wait, read_only=True)) as file:
        file.text_factory = lambda text: text.decode("utf-8", "replace")
        file.execute("BEGIN")
        yield file.execute
