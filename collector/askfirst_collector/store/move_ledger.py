"""From `ledger.db` to PostgreSQL: every table in one transaction, and held against the source.

Ended anywhere before its commit it leaves nothing; after it the same rows are there, and are known.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Boolean, Table

from askfirst_collector.config import SettingError
from askfirst_collector.store.database import metadata
from askfirst_collector.store.dialect import LOCK
from askfirst_collector.store.faults import fault
from askfirst_collector.store.migrate import HEAD
from askfirst_collector.store.postgresql import Run
from askfirst_collector.store.postgresql_address import Address, read_address
from askfirst_collector.store.postgresql_session import driver, reason_of
from askfirst_collector.store.tally import Tally

BLOCK = 1 << 16  # bytes that are sent at once
FETCHED = 1000  # rows that are read back at once
PATIENCE = 3600.0  # seconds until a server has taken a table
SAMPLE = 20_000  # entries that a rehearsal sends

Step = Callable[[int], object]  # so many rows more

NOT_EMPTY = (
    "the database is not empty, and has not what this folder has: name an empty one (CREATE "
    "DATABASE); nothing was changed"
)
_NAME = "SELECT name FROM pair"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def check_source(source: sqlite3.Connection) -> None:
    """SettingError `askfirst.E164` for a ledger that another version made."""
    rows = source.execute("SELECT version_num FROM alembic_version").fetchall()
    if rows != [(HEAD,)]:
        advice = "another version made it: run askfirst migrate first"
        raise SettingError("askfirst.E164", "ledger.db", advice)


def count_rows(source: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table has that is moved."""
    return {table.name: _count(source.execute, table) for table in metadata.sorted_tables}


def move_ledger(source: sqlite3.Connection, url: str, step: Step) -> None:
    """Copy every table to the database at `url`, which has them empty, and see that all is there.

    What is there already, whole, is left as it is. Raises SettingError `askfirst.E164` where it is
    something else, and for a value that PostgreSQL cannot have; StoreFault.
    """
    address = read_address(url)
    session = Run(address).connect(PATIENCE)
    try:
        session.execute_simple(f"BEGIN; SELECT pg_advisory_xact_lock({LOCK})")
        is_there = not is_empty(session)
        for table in metadata.sorted_tables:
            _move(session, source, table, address, step, is_there=is_there)
        session.execute_simple("COMMIT")
    except (OSError, driver().Error) as error:
        raise fault("ledger", reason_of(error)) from None
    finally:
        session.close()


def rehearse_ledger_move(source: sqlite3.Connection, url: str) -> float:
    """How many rows a second the server takes; what it takes is undone.

    Raises as `move_ledger`, also where the database is not empty.
    """
    address = read_address(url)
    session = Run(address).connect(PATIENCE)
    try:
        has_tables = session.execute_simple("SELECT to_regclass('pair') IS NOT NULL").rows[0][0]
        if has_tables and not is_empty(session):
            raise SettingError("askfirst.E164", address.shown, NOT_EMPTY)
        entry = metadata.tables["entry"]
        columns = ", ".join(f"c{number} TEXT" for number, _ in enumerate(entry.columns))
        session.execute_simple(f"BEGIN; CREATE TEMPORARY TABLE rehearsal ({columns})")
        begun, tally = time.perf_counter(), Tally()
        lines = tally.through(lines_of(_read(source, entry, SAMPLE)))
        session.cursor().execute("COPY rehearsal FROM STDIN", stream=blocks(lines))
        session.execute_simple("ROLLBACK")
        return tally.count / (time.perf_counter() - begun)
    except (OSError, driver().Error) as error:
        raise fault("ledger", reason_of(error)) from None
    finally:
        session.close()


def is_empty(session: Any) -> bool:
    """Whether no table has a row."""
    return not any(
        session.execute_simple(f'SELECT 1 FROM "{table.name}" LIMIT 1').rows  # noqa: S608
        for table in metadata.sorted_tables
    )


def name_in(source: sqlite3.Connection) -> bytes:
    """The name that the ledger of a file shares with its log."""
    return bytes(source.execute(_NAME).fetchone()[0])


def name_of(url: str) -> bytes:
    """The same of a ledger in a database. Raises StoreFault."""
    with closing(Run(read_address(url)).connect()) as session:
        return bytes(session.execute_simple(_NAME).rows[0][0])


def _move(
    session: Any,
    source: sqlite3.Connection,
    table: Table,
    address: Address,
    step: Step,
    *,
    is_there: bool,
) -> None:
    own, there = Tally(), Tally()
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    lines = own.through(stepping(lines_of(_read(source, table)), step))
    if is_there:
        for _ in lines:
            pass
    else:
        copy = f'COPY "{table.name}" ({names}) FROM STDIN'
        session.cursor().execute(copy, stream=blocks(lines))
        _go_on(session, source, table)
    for line in lines_of(read_back(session, f'SELECT {names} FROM "{table.name}"')):  # noqa: S608
        there.add(line)
    if own != there:
        if is_there:
            raise SettingError("askfirst.E164", address.shown, NOT_EMPTY)
        raise fault("ledger", f"its table {table.name} has not what was sent")


def _go_on(session: Any, source: sqlite3.Connection, table: Table) -> None:
    """Have numbers that a table draws go on behind those that it ever drew."""
    keys = list(table.primary_key.columns)
    sequence = session.execute_simple(
        f"SELECT pg_get_serial_sequence('\"{table.name}\"', '{keys[0].name}')"
    ).rows[0][0]
    if len(keys) > 1 or sequence is None:
        return
    (newest,) = source.execute(
        f'SELECT MAX("{keys[0].name}") FROM "{table.name}"'  # noqa: S608
    ).fetchone()
    drawn = source.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").fetchone()
    if drawn:
        last = source.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,))
        newest = max([newest or 0, *(number for (number,) in last)])
    if newest:
        session.execute_simple(f"SELECT setval('{sequence}', {newest:d})")


def _read(source: sqlite3.Connection, table: Table, most: int = -1) -> Iterator[Sequence[object]]:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    switches = [n for n, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    query = f'SELECT {names} FROM "{table.name}" LIMIT {most}'  # noqa: S608
    for row in source.execute(query):
        if switches:
            row = list(row)
            for n in switches:
                row[n] = None if row[n] is None else bool(row[n])
        yield row


def read_back(session: Any, query: str) -> Iterator[Sequence[object]]:
    """The rows of a SELECT, some at a time, within a transaction."""
    session.execute_simple(f"DECLARE moved NO SCROLL CURSOR FOR {query}")
    while rows := session.execute_simple(f"FETCH {FETCHED} FROM moved").rows:
        yield from rows
    session.execute_simple("CLOSE moved")


def lines_of(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Rows as COPY takes them."""
    for row in rows:
        yield "\t".join(map(_field, row)).encode() + b"\n"


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, str):
        if "\0" in value:
            advice = "a text in it has a NUL, which PostgreSQL cannot have"
            raise SettingError("askfirst.E164", "ledger.db", advice)
        return value.translate(_ESCAPES)
    return str(value)


def stepping(lines: Iterable[bytes], step: Step) -> Iterator[bytes]:
    """The same lines, of which it is told how many went."""
    for number, line in enumerate(lines, 1):
        yield line
        if not number % FETCHED:
            step(FETCHED)


def blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines as the driver sends them: some at a time, never all in memory."""
    block = bytearray()
    for line in lines:
        block += line
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _count(ask: Callable[..., Any], table: Table) -> int:
    (count,) = ask(f'SELECT COUNT(*) FROM "{table.name}"').fetchone()  # noqa: S608
    return int(count)
