"""Statements that a file's own driver is asked: the same rows as by SQLAlchemy."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import bindparam, func, insert, select

from askfirst_collector.ledger.tables import entry
from askfirst_collector.store.database import changing, open_ledger, reading, writing
from askfirst_collector.store.prepared import Prepared, PreparedInsert

COLUMNS = ("idx", "leaf", "tree", "handle")
INSERT = PreparedInsert(insert(entry), COLUMNS)
LEAVES = select(entry.c.idx, entry.c.leaf).where(
    entry.c.tree == bindparam("tree"),
    entry.c.handle.in_(bindparam("handles", expanding=True)),
)
ROWS = [
    {"idx": number, "leaf": bytes([number]) * 32, "tree": "shop", "handle": f"{number:064}"}
    for number in range(5)
]


def test_rows_are_those_of_sqlalchemy(tmp_path: Path) -> None:
    """Lists of any length, none among them, texts with quotes, and no values at all."""
    engine = open_ledger(tmp_path / "ledger.db")
    with writing(engine) as connection:
        INSERT.write(connection, ROWS)
    handles = [row["handle"] for row in ROWS]
    with reading(engine) as connection:
        for some in ([], handles[:1], handles, [*handles, *handles], ["'); DROP TABLE entry; --"]):
            values = {"tree": "shop", "handles": some}
            rows = [tuple(row) for row in connection.execute(LEAVES, values)]
            assert Prepared(LEAVES).rows(connection, values) == rows
        assert Prepared(select(func.max(entry.c.idx))).rows(connection) == [(4,)]
    engine.dispose()


def test_what_fails_is_undone_with_its_transaction(tmp_path: Path) -> None:
    """A row that is there already takes along what was written beside it, and is no fault."""
    engine = open_ledger(tmp_path / "ledger.db")
    with writing(engine) as connection:
        INSERT.write(connection, ROWS[:1])
    with pytest.raises(sqlite3.IntegrityError), changing(engine) as connection:
        INSERT.write(connection, [ROWS[1], ROWS[0]])
    with reading(engine) as connection:
        assert Prepared(select(func.count()).select_from(entry)).rows(connection) == [(1,)]
    engine.dispose()
