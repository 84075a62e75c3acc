"""The event store when its disk fails: away, and back without a loss."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Collection, Iterator, Set
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from askfirst_collector.store.events import (
    Authorized,
    StoreUnavailable,
)
from askfirst_collector.store.sqlite import SqliteEvents

from .rows import ROW, append, batch, nobody


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 48 megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("mount is not here, so there is no small disk")
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounting.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_away_and_comes_back(small_disk: Path) -> None:
    """Full disk: StoreUnavailable, no half batch; with room again the next append succeeds."""
    with closing(SqliteEvents(small_disk / "events.db", ended=nobody)) as store:
        _fills_and_recovers(store, make_room=lambda: store.drop(ROW.key), room=small_disk)


def _fills_and_recovers(store: SqliteEvents, *, make_room: Callable[[], None], room: Path) -> None:
    ballast = room / "ballast"
    ballast.write_bytes(b"x" * 15_000_000)
    written, faults = [], 0
    for n in range(200):
        rows = [
            replace(ROW, pseudonym=f"{n}-{m}".encode(), values={"page": (f"/{n}/{m}" * 8,)})
            for m in range(50)
        ]
        (outcome,) = append(store, batch(f"b{n}", *rows))
        if isinstance(outcome, StoreUnavailable):
            faults += 1
            assert outcome.retry_after > 0
            assert "waits" in str(outcome)
            break
        written.append(n)
    assert written
    assert faults == 1
    with pytest.raises(StoreUnavailable, match="waits"):
        store.check()
    ballast.unlink()
    assert append(store, batch("after", ROW)) == [b"answer to after"]
    assert store.fault == ""
    assert store.counts(ROW.key).rows == 50 * len(written) + 1
    make_room()
    assert store.periods() == []


def test_a_limited_file_is_away_and_loses_nothing(
    store: SqliteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where no disk can be mounted: the database itself may not grow."""
    append(store, batch("first", ROW))
    assert store.spool._own is not None
    connection = store.spool._own.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 2}")
    # Of what repeats itself a hundred rows would be packed into one page.
    rows = [
        replace(ROW, values={"page": (f"/{sha256(bytes([n])).hexdigest()}",)}) for n in range(100)
    ]
    (outcome,) = append(store, batch("large", *rows))
    assert isinstance(outcome, StoreUnavailable)
    assert store.counts(ROW.key).rows == 1
    assert append(store, batch("large", *rows)) == [b"answer to large"]


def test_a_store_that_is_full_loses_nothing_of_what_was_accepted(store: SqliteEvents) -> None:
    """M50: events are accepted as long as their spool has room, and moved once the store has."""
    append(store, batch("first", ROW))
    store.drain()
    connection = store.file._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    rows = [replace(ROW, values={"page": ("/x" * 400 + str(n),)}) for n in range(100)]
    assert append(store, batch("large", *rows)) == [b"answer to large"]
    with pytest.raises(StoreUnavailable):
        store.counts(ROW.key)
    # The limit went with the connection, as a disk gets room.
    assert append(store, batch("large", *rows)) == [b"answer to large"]
    assert store.counts(ROW.key).rows == 101


def test_a_locked_database_is_away_and_comes_back(store: SqliteEvents, tmp_path: Path) -> None:
    """Locked for longer than the busy timeout: StoreUnavailable; unlocked: stored."""
    append(store, batch("first", ROW))
    assert store.spool.path is not None
    with closing(sqlite3.connect(store.spool.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (outcome,) = append(store, batch("b", ROW))
        assert isinstance(outcome, StoreUnavailable)
        assert "locked" in store.fault
        other.execute("ROLLBACK")
    assert append(store, batch("b", ROW)) == [b"answer to b"]
    assert store.counts(ROW.key).rows == 2


def test_a_removed_folder_is_away_and_comes_back(tmp_path: Path) -> None:
    """Never an answer for a row that went into an unlinked file; a folder put back is used."""
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(SqliteEvents(folder / "events.db", ended=nobody)) as store:
        append(store, batch("first", ROW))
        folder.rename(tmp_path / "aside")
        (outcome,) = append(store, batch("b", ROW))
        assert isinstance(outcome, StoreUnavailable)
        folder.mkdir()
        assert append(store, batch("b", ROW)) == [b"answer to b"]
        shutil.rmtree(folder)
        (outcome,) = append(store, batch("c", ROW))
        assert isinstance(outcome, StoreUnavailable)


def test_a_file_that_is_no_database_is_away(tmp_path: Path) -> None:
    """A damaged file is reported, never written over."""
    path = tmp_path / "events.db"
    path.write_bytes(b"not a database at all" * 400)
    with closing(SqliteEvents(path, ended=nobody)) as store:
        (outcome,) = append(store, batch("b", ROW))
        assert isinstance(outcome, StoreUnavailable)
        with pytest.raises(StoreUnavailable):
            store.periods()
    assert path.read_bytes().startswith(b"not a database")


def test_one_bad_batch_fails_alone(store: SqliteEvents) -> None:
    """A batch that cannot be written does not take those along that wait with it."""
    bad = batch("bad", ROW, replace(ROW, values={"page": ("\ud800",)}))
    outcomes = append(store, batch("a", ROW), bad, batch("c", ROW))
    assert outcomes[0] == b"answer to a"
    assert isinstance(outcomes[1], UnicodeEncodeError)
    assert outcomes[2] == b"answer to c"
    assert store.counts(ROW.key).rows == 2


def test_a_ledger_that_cannot_be_read_stores_nothing(tmp_path: Path) -> None:
    """A failure narrows: while the ledger cannot confirm a receipt, its batch is not written."""

    def ended(_judged: Collection[Authorized]) -> Set[Authorized]:
        raise StoreUnavailable("the ledger cannot be read")

    with closing(SqliteEvents(tmp_path / "events.db", ended=ended)) as store:
        (outcome,) = append(store, batch("b", ROW))
        assert isinstance(outcome, StoreUnavailable)
        assert store.periods() == []


def test_closing_writes_what_waits_and_then_refuses(tmp_path: Path) -> None:
    """After close the journal is gone, everything acknowledged is there, and appends are away."""
    store = SqliteEvents(tmp_path / "events.db", ended=nobody)
    append(store, *(batch(f"b{n}", ROW) for n in range(50)))
    store.close()
    store.close()
    assert {path.name for path in tmp_path.rglob("*")} == {"events.db", "spool"}
    (outcome,) = append(store, batch("late", ROW))
    assert isinstance(outcome, StoreUnavailable)
    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody)) as again:
        assert again.counts(ROW.key).rows == 50
