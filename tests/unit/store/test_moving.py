"""How much is moved at a time, and when: many lots by one commit, each in no order by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.store.append import Appender
from askfirst_collector.store.events import StoreUnavailable
from askfirst_collector.store.events_file import TOGETHER
from askfirst_collector.store.spool_file import LOT_ROWS, Lot, connect_spool, read_lots
from askfirst_collector.store.sqlite import SqliteEvents

from .rows import ROW, append, batch


def test_little_waits_for_its_minute_and_much_does_not(store: SqliteEvents) -> None:
    """Much is what goes into one transaction: pages that many rows change are written once."""
    store.move(60)
    append(store, batch("b", ROW))
    store.move(90)
    assert store.file.periods() == []
    store.move(120)
    assert store.file.counts(ROW.key).rows == 1
    append(store, *(batch(f"b{number}", *[ROW] * 100) for number in range(TOGETHER // 100 - 1)))
    store.move(122)
    assert store.file.counts(ROW.key).rows == 1
    append(store, batch("last", *[ROW] * 100))
    store.move(124)
    assert store.file.counts(ROW.key).rows == TOGETHER + 1


def test_much_is_one_transaction_of_many_lots(
    store: SqliteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each a thousand rows at most, in no order by itself."""
    append(store, *(batch(f"b{number}", *[ROW] * 100) for number in range(45)))
    sizes: list[int] = []
    commits: list[int] = []
    inserted, moved = Appender.insert, store.file._move

    def insert(own: Appender, connection: sqlite3.Connection, rows: Sequence[Any]) -> None:
        sizes.append(len(rows))
        inserted(own, connection, rows)

    def move(spool: Path, lots: Sequence[Lot]) -> int:
        commits.append(len(lots))
        return moved(spool, lots)

    monkeypatch.setattr(Appender, "insert", insert)
    monkeypatch.setattr(store.file, "_move", move)
    store.drain()
    assert len(commits) == 1
    assert (sum(sizes), max(sizes) <= LOT_ROWS) == (4_500, True)


def test_where_the_disk_has_no_room_for_much_little_is_moved_at_a_time(
    store: SqliteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: and what has no room at all stays, and is stored once when there is some."""
    append(store, *(batch(f"b{number}", *[ROW] * 500) for number in range(7)))
    inserted = Appender.insert
    room = 1_000

    def insert(own: Appender, connection: sqlite3.Connection, rows: Sequence[Any]) -> None:
        inserted(own, connection, rows)
        (count,) = connection.execute("SELECT COUNT(*) FROM event").fetchone()
        if count - before > room:
            raise sqlite3.OperationalError("database or disk is full")

    before = 0
    monkeypatch.setattr(Appender, "insert", insert)
    with pytest.raises(StoreUnavailable):
        store.drain()
    with store.file.read() as connection:
        (before,) = connection.execute("SELECT COUNT(*) FROM event").fetchone()
    assert 0 < before <= room
    room = 10_000
    assert store.counts(ROW.key).rows == 3_500


def test_what_is_committed_together_is_moved_a_thousand_rows_at_a_time(
    store: SqliteEvents,
) -> None:
    """However many wait for one commit, a move takes little memory."""
    append(store, batch("first", ROW))
    append(store, *(batch(f"b{number}", *[ROW] * 100) for number in range(30)))
    path = store.spool.path
    assert path is not None
    spool = connect_spool(path, busy_timeout=100)
    assert spool is not None
    with closing(spool) as connection:
        assert all(lot.rows <= LOT_ROWS for lot in read_lots(connection, 99, LOT_ROWS))
        sizes = [rows for (rows,) in connection.execute("SELECT rows FROM lot")]
    assert sum(sizes) == 3001
    assert max(sizes) <= LOT_ROWS
    assert store.counts(ROW.key).rows == 3001
