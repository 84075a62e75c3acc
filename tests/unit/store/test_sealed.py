"""Periods that take no row any more: nothing that comes for them is answered as stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from askfirst_collector.store.events import PeriodClosed, PeriodKey
from askfirst_collector.store.sqlite import SqliteEvents

from .rows import ROW, append, batch, nobody


def test_a_batch_with_a_row_of_a_sealed_period_is_not_written_in_part(store: SqliteEvents) -> None:
    """M50: nor is its answer; what was answered before stays answered, and others go on."""
    monday = replace(ROW, period="2026-11-23")
    first = batch("first", ROW)
    append(store, first)
    store.seal(ROW.key)
    both, other = batch("both", monday, ROW), batch("other", monday)
    outcomes = append(store, both, other, first)
    assert isinstance(outcomes[0], PeriodClosed)
    assert outcomes[0].keys == {ROW.key}
    assert outcomes[1:] == [other.answer, first.answer]
    assert store.counts(monday.key).rows == 1
    rest = replace(batch("both", monday), answer=b"one of two")
    assert append(store, rest, both) == [rest.answer, rest.answer]


def test_a_sealed_period_without_rows_stays_sealed(tmp_path: Path) -> None:
    """Whatever is removed elsewhere; once it is dropped, whether it was closed is asked."""
    monday = replace(ROW, period="2026-11-23", pseudonym=b"q" * 32)
    closed: set[PeriodKey] = set()
    with closing(
        SqliteEvents(tmp_path / "events.db", ended=nobody, closed=lambda key: key in closed)
    ) as store:
        append(store, batch("a", monday))
        store.seal(ROW.key)
        store.erase([b"q" * 32])
        assert isinstance(append(store, batch("b", ROW))[0], PeriodClosed)
        closed.add(ROW.key)
        store.drop(ROW.key)
        assert store.periods() == []
        assert isinstance(append(store, batch("c", ROW))[0], PeriodClosed)
        assert store.periods() == []


def test_a_period_that_another_process_removes_meanwhile_is_not_kept(
    store: SqliteEvents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a fault: whoever closes beside it asks between its statements."""
    append(store, batch("a", ROW))
    store.seal(ROW.key)
    connect, statements = store.file.connect, list[str]()

    def watched() -> sqlite3.Connection:
        connection = connect()
        connection.set_trace_callback(looked)
        return connection

    def looked(statement: str) -> None:
        statements.append(statement)
        if len(statements) == 2:
            other.drop(ROW.key)

    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody)) as other:
        monkeypatch.setattr(store.file, "connect", watched)
        assert not store.kept(ROW.key)
        assert store.kept(ROW.key) is False
    assert len(statements) == 2
    assert store.periods() == []
