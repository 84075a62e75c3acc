"""A database that was replaced or removed under its connections, and who may close those."""

from __future__ import annotations

import _thread
import os
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from askfirst.errors import CollectorUnavailable
from askfirst_collector.config import create_file, open_folder
from askfirst_collector.ledger.records import Ledger
from askfirst_collector.store import present, revocations
from askfirst_collector.store.database import open_ledger
from askfirst_collector.store.events import StoreUnavailable
from askfirst_collector.store.faults import StoreFault
from askfirst_collector.store.present import Connection, Present, before_fork, connect
from askfirst_collector.store.revocations import Revocations
from askfirst_collector.store.salts_file import SaltFile
from askfirst_collector.store.sqlite import SqliteEvents
from askfirst_collector.store.watch import Watch
from tests.support.collectors import Clock
from tests.system.serving import DATABASES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.db"


@pytest.fixture(autouse=True)
def nothing_is_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present, "_unusable", set())


def opened(path: Path) -> tuple[Connection, Present]:
    connection = connect(path, timeout=1)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS row (number INTEGER)")
    return connection, Present(path, connection)


def numbers(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM row")]


def test_opening_a_folder_opens_no_database_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POSIX: closing any descriptor of a file drops all locks of the process on it."""
    open_folder(tmp_path)
    descriptors = []
    actual = os.open

    def watched(*arguments: object, **options: object) -> int:
        descriptor = actual(*arguments, **options)  # type: ignore[arg-type]
        descriptors.append(arguments[0])
        return descriptor

    monkeypatch.setattr(os, "open", watched)
    open_folder(tmp_path)
    assert descriptors == []
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in DATABASES] == [0o600] * 3


def test_a_file_that_threads_create_at_once_is_created_once(path: Path) -> None:
    """Nobody has it open in SQLite while its creator still closes it."""
    threads = [threading.Thread(target=create_file, args=[path]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.stat().st_size == 0


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
@pytest.mark.parametrize("replaced", [False, True])
def test_what_was_removed_or_replaced_is_noticed(path: Path, suffix: str, replaced: bool) -> None:
    """The database, its journal and its index alike."""
    connection, files = opened(path)
    files.check()
    file = path.with_name(f"{path.name}{suffix}")
    file.rename(path.with_name("aside"))
    if replaced:
        shutil.copy(path.with_name("aside"), file)
    with pytest.raises(StoreFault, match="one is away: it"):
        files.check()
    assert not files.is_whole
    path.with_name("aside").rename(file)
    files.check()
    assert files.is_whole
    files.end(connection, connection.close)


def test_a_journal_that_was_removed_is_written_back(path: Path) -> None:
    """Nobody else opened it meanwhile: closing saves what only the removed journal has."""
    connection, files = opened(path)
    connection.execute("INSERT INTO row VALUES (7)")
    path.with_name("one.db-wal").unlink()
    path.with_name("one.db-shm").unlink()
    files.end(connection, connection.close)
    assert numbers(path) == [7]


def test_the_journal_of_another_process_is_left_alone(path: Path) -> None:
    """Closing would write an old journal over what others wrote, and remove theirs by its name."""
    connection, files = opened(path)
    path.with_name("one.db-wal").rename(path.with_name("mine"))
    path.with_name("one.db-wal").write_bytes(b"theirs")
    closed: list[str] = []
    files.end(connection, lambda: closed.append("closed"))
    assert (closed, path.with_name("one.db-wal").read_bytes()) == ([], b"theirs")
    with pytest.raises(StoreFault, match="start it anew"):
        connect(path, timeout=1)


def test_another_database_in_its_place_is_opened_beside_the_old_one(path: Path) -> None:
    """The old connection neither removes the new journal nor keeps anybody from the new file."""
    connection, files = opened(path)
    other, others = opened(path.with_name("other.db"))
    other.execute("INSERT INTO row VALUES (8)")
    others.end(other, other.close)
    path.with_name("one.db-wal").unlink()
    path.with_name("one.db-shm").unlink()
    path.with_name("other.db").rename(path)
    newer, journal = opened(path)
    newer.execute("INSERT INTO row VALUES (9)")
    files.end(connection, connection.close)
    journal.check()
    journal.end(newer, newer.close)
    assert numbers(path) == [8, 9]


def test_the_ledger_and_the_salts_are_away_without_their_journal(tmp_path: Path) -> None:
    """M12: nothing is acknowledged that went into a journal which nobody finds."""
    clock = Clock()
    engine = open_ledger(tmp_path / "ledger.db")
    salts = SaltFile(tmp_path / "salts.db", now=clock, urandom=os.urandom)
    watch = Watch(engine, tmp_path / "ledger.db", also=(salts.check,), clock=clock)
    log = tmp_path / "revocations.log"
    revocations.create(log)
    ledger = Ledger(engine, watch, Revocations(log), now=clock, urandom=os.urandom)
    for name in ("salts.db-wal", "ledger.db-wal"):
        (tmp_path / name).rename(tmp_path / "aside")
        clock.now += 1
        with pytest.raises(CollectorUnavailable):
            watch.version()
        assert not watch.is_whole
        (tmp_path / "aside").rename(tmp_path / name)
        clock.now += 1
        watch.version()
    (tmp_path / "ledger.db-wal").rename(tmp_path / "aside")
    with pytest.raises(CollectorUnavailable, match="journal"):
        ledger.check()
    (tmp_path / "aside").rename(tmp_path / "ledger.db-wal")
    (tmp_path / "salts.db-wal").rename(tmp_path / "aside")
    with pytest.raises(CollectorUnavailable, match="journal"):
        salts.new_grant_key("5e" * 32)
    (tmp_path / "aside").rename(tmp_path / "salts.db-wal")
    salts.close()
    watch.close()


def test_the_events_are_away_without_their_journal_and_come_back(tmp_path: Path) -> None:
    """The next write opens the store anew, and finds what the journal had."""
    with closing(SqliteEvents(tmp_path / "events.db", ended=lambda _: frozenset())) as store:
        store.file.barrier()
        (tmp_path / "events.db-wal").unlink()
        with pytest.raises(StoreUnavailable):
            store.periods()
        with pytest.raises(StoreUnavailable):
            store.file.barrier()
        store.file.barrier()
        assert store.periods() == []
        assert store.is_first


def test_no_connection_is_made_to_a_ledger_in_its_place(tmp_path: Path) -> None:
    """A pool that grows would else mix two files."""
    path = tmp_path / "ledger.db"
    engine = open_ledger(path)
    watch = Watch(engine, path)
    taken = [engine.connect()]
    path.rename(tmp_path / "aside.db")
    with pytest.raises(CollectorUnavailable):
        taken += [engine.connect() for _ in range(5)]
    assert not path.exists()
    (tmp_path / "aside.db").rename(path)
    for connection in taken:
        connection.close()
    watch.close()
    with pytest.raises(CollectorUnavailable, match="closed"):
        engine.connect()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the system lists no threads")
def test_a_fork_waits_for_threads_that_python_does_not_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As those that have ended, but not to the system; and for no other longer than a moment."""
    goes, gone = threading.Event(), threading.Event()

    def leave() -> None:
        goes.wait()
        gone.set()

    _thread.start_new_thread(leave, ())
    monkeypatch.setattr(present, "LEAVING", 0.01)
    before_fork()
    assert not gone.is_set()
    monkeypatch.setattr(present, "LEAVING", 60.0)
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: (goes.set(), sleep(seconds)))
    before_fork()
    assert gone.is_set()
