"""What retries are answered is found wherever it lies, and costs no page a batch."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from askfirst_collector.store import kept_answers, schema
from askfirst_collector.store.events import Batch
from askfirst_collector.store.kept_answers import KeptAnswers, forget_answers, put_away
from askfirst_collector.store.lots import Name
from askfirst_collector.store.present import connect
from askfirst_collector.store.versions import bring_up

from .rows import DAY, batch


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to an empty store."""
    with closing(schema.open_events(tmp_path / "events.db", busy_timeout=100)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "RUN", 8)


def some(count: int, day: int = DAY) -> list[Batch]:
    return [batch(os.urandom(16).hex(), day=day) for _ in range(count)]


def names(batches: list[Batch]) -> list[list[Name]]:
    return [[(each.day, each.key)] for each in batches]


def known(batches: list[Batch]) -> dict[Name, bytes]:
    return {(each.day, each.key): each.answer for each in batches}


def test_another_connection_finds_what_became_a_run(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    """Runs that came since it looked, of several days, and what is still in lots."""
    with closing(schema.open_events(tmp_path / "events.db", busy_timeout=100)) as elsewhere:
        own, other = KeptAnswers(connection), KeptAnswers(elsewhere)
        batches: list[Batch] = []
        for day in (DAY, DAY + 1, DAY + 1, DAY + 2):
            more = some(5, day)
            own.refresh()
            own.add(more)
            batches += more
            other.refresh()
            assert other.among(names(batches)) == known(batches)
            assert own.among(names(batches)) == known(batches)
        runs = elsewhere.execute("SELECT day FROM run ORDER BY id").fetchall()
        # Of ten answers at a time, by day.
        assert runs == [(DAY,), (DAY + 1,), (DAY + 1,), (DAY + 2,)]
        assert other.among(names(some(50))) == {}


def test_keys_that_begin_alike_are_told_apart(connection: sqlite3.Connection) -> None:
    """What is remembered of a key only says whether to look."""
    alike = [(DAY, b"same" + bytes([n])) for n in range(20)]
    put_away(connection, {name: bytes([name[1][-1]]) for name in alike[:10]})
    kept = KeptAnswers(connection)
    kept.refresh()
    assert kept.among([alike]) == {name: bytes([n]) for n, name in enumerate(alike[:10])}
    assert kept.among([[(DAY + 1, alike[0][1])]]) == {}


def test_what_is_forgotten_is_found_no_more(connection: sqlite3.Connection, tmp_path: Path) -> None:
    """By whoever had read it too; a run that comes later is seen by everybody."""
    with closing(schema.open_events(tmp_path / "events.db", busy_timeout=100)) as elsewhere:
        own, other = KeptAnswers(connection), KeptAnswers(elsewhere)
        old, more, fresh = some(9), some(9), some(9, DAY + 5)
        own.refresh()
        own.add(old)
        other.refresh()
        own.add(more)
        assert forget_answers(connection, DAY + 1)
        assert not forget_answers(connection, DAY + 1)
        other.refresh()
        assert other.among(names(old + more)) == own.among(names(old + more)) == {}
        own.refresh()
        own.add(fresh)
        other.refresh()
        assert other.among(names(fresh)) == known(fresh)
    for table in ("run", "answer", "lot"):
        (count,) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
        assert count == {"run": 1, "answer": 9, "lot": 0}[table], table


@pytest.mark.parametrize("there", [0, 100_000])
def test_what_is_written_does_not_grow_with_what_is_there(
    connection: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: int
) -> None:
    """However many answers are kept, a thousand more are as many pages."""
    monkeypatch.setattr(kept_answers, "RUN", 1_000)
    put_away(connection, {(DAY, os.urandom(16)): b"{}" for _ in range(there)})
    kept = KeptAnswers(connection)
    kept.refresh()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.execute("BEGIN")
    kept.add(some(1_000))
    connection.execute("COMMIT")
    assert (tmp_path / "events.db-wal").stat().st_size < 60 * 4_096


def test_answers_of_an_older_file_are_kept(tmp_path: Path) -> None:
    """Of several days."""
    before = some(4) + some(7, DAY + 1)
    path = tmp_path / "events.db"
    with closing(connect(path, timeout=1)) as older:
        bring_up(older, schema.STEPS[:7], path.name)
        for each in before:
            older.execute("INSERT INTO answer VALUES (?, ?, ?)", (each.day, each.key, each.answer))
    with closing(schema.open_events(path, busy_timeout=100)) as opened:
        kept = KeptAnswers(opened)
        kept.refresh()
        assert kept.among(names(before)) == known(before)
