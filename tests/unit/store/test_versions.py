"""`events.db` and `salts.db` step from version to version, and never backwards."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from askfirst.errors import CollectorUnavailable
from askfirst_collector.config import SettingError
from askfirst_collector.store import salts_file, schema
from askfirst_collector.store.events import EventStore, StoreUnavailable
from askfirst_collector.store.faults import StoreFault
from askfirst_collector.store.migrate import HEAD
from askfirst_collector.store.salts_file import SaltFile
from askfirst_collector.store.versions import run_script
from tests.support.collectors import Clock, opened
from tests.unit.closing import house as closing_house

from .rows import ROW, append, batch

MIDNIGHT = 1_795_392_000  # 2026-11-23T00:00:00Z
NEXT = run_script("CREATE TABLE more (number INTEGER);\nINSERT INTO more VALUES (1);\n")


def set_version(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={version}")


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        number: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return number


def test_a_file_from_before_versions_is_brought_up(tmp_path: Path) -> None:
    """Salts that were drawn stay."""
    clock = Clock()
    with closing(SaltFile(tmp_path / "salts.db", now=clock, urandom=os.urandom)) as file:
        salt = file.period("shop", "day", "2026-11-22", MIDNIGHT)
    set_version(tmp_path / "salts.db", 0)
    with closing(SaltFile(tmp_path / "salts.db", now=clock, urandom=os.urandom)) as file:
        assert file.period("shop", "day", "2026-11-22", MIDNIGHT) == salt
    schema.open_events(tmp_path / "events.db", busy_timeout=100).close()
    assert [version(tmp_path / name) for name in ("salts.db", "events.db")] == [3, 8]


def test_the_next_version_keeps_open_periods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of an open period, and the salt it goes on with, are there after a step."""
    clock = closing_house.Clock(closing_house.noon())
    with closing_house.opened(tmp_path, clock) as parts:
        rows = closing_house.crowd(parts, 3, page=("blog",))
        closing_house.store(parts, rows)
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, NEXT))
    monkeypatch.setattr("askfirst_collector.store.events_file.STEPS", schema.STEPS)
    monkeypatch.setattr("askfirst_collector.store.store_view.STEPS", schema.STEPS)
    monkeypatch.setattr(salts_file, "STEPS", (*salts_file.STEPS, NEXT))
    with closing_house.opened(tmp_path, clock) as parts:
        assert closing_house.crowd(parts, 3, page=("blog",)) == rows
        closing_house.store(parts, closing_house.crowd(parts, 2, start=3, page=("blog",)))
        assert parts.events.counts(rows[0].key).rows == 5
    assert [version(tmp_path / name) for name in ("salts.db", "events.db")] == [4, 9]


def test_a_step_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is pending is one transaction."""
    path = tmp_path / "salts.db"
    SaltFile(path, now=Clock(), urandom=os.urandom).close()
    broken = run_script("SELECT nothing FROM nowhere;\n")
    monkeypatch.setattr(salts_file, "STEPS", (*salts_file.STEPS, NEXT, broken))
    with pytest.raises(CollectorUnavailable):
        SaltFile(path, now=Clock(), urandom=os.urandom)
    assert version(path) == 3
    with closing(sqlite3.connect(path)) as connection:
        tables = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'more'"
        assert connection.execute(tables).fetchone() == (0,)


@pytest.mark.parametrize("name", ["events.db", "salts.db"])
def test_a_newer_folder_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    """It says which file, and what to start."""
    with opened(tmp_path):
        pass
    set_version(tmp_path / name, 9)
    with pytest.raises(
        (SettingError, StoreUnavailable), match=rf"E102: version 9: .* made this {name}"
    ):
        opened(tmp_path).__enter__()
    assert version(tmp_path / name) == 9


@pytest.mark.parametrize("part", ["ledger", "events", "salts"])
def test_a_running_older_worker_is_away(tmp_path: Path, part: str) -> None:
    """Nothing is written into tables that a newer program has migrated meanwhile."""
    with opened(tmp_path) as parts:
        append(parts.events, batch("first"))
        write: Callable[[], object] = {
            "ledger": parts.watch.version,
            "events": lambda: _append(parts.events),
            "salts": lambda: parts.salts.new_grant_key("5e" * 32),
        }[part]
        write()
        path = tmp_path / f"{part}.db"
        before = version(path)
        if part == "ledger":
            _revise(path, "9999")
        else:
            set_version(path, 9)
        for _ in range(2):
            with pytest.raises((StoreFault, StoreUnavailable), match="newer askfirst"):
                write()
        if part == "ledger":
            _revise(path, HEAD)
        else:
            set_version(path, before)
        write()


def _append(store: EventStore) -> None:
    (outcome,) = append(store, batch("next", ROW))
    if isinstance(outcome, StoreUnavailable):
        raise outcome


def _revise(path: Path, revision: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()
