"""What is accepted waits in a spool of its process, and is in the store once, whatever happens."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Iterator, Set
from contextlib import closing
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from msgspec.structs import replace

from askfirst_collector.store import spooled
from askfirst_collector.store.events import Authorized, PeriodClosed, StoreUnavailable
from askfirst_collector.store.lots import joined
from askfirst_collector.store.present import Connection
from askfirst_collector.store.spool_file import LOT_ROWS, connect_spool, read_lots, spools
from askfirst_collector.store.sqlite import SqliteEvents

from .rows import JUDGED, ROW, append, batch, nobody, raw, reader

# A worker that accepts a batch, and ends without another word.
WORKER = """
import asyncio, os, pathlib, sys
from askfirst_collector.store.sqlite import SqliteEvents
from tests.unit.store.rows import ROW, batch, nobody
store = SqliteEvents(pathlib.Path(sys.argv[1]), ended=nobody)
asyncio.run(store.append(batch(sys.argv[2], ROW)))
os._exit(9)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SqliteEvents]:
    """Another worker's store, on the same file."""
    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody, busy_timeout=100)) as opened:
        yield opened


def own_spool(store: SqliteEvents) -> Path:
    assert store.spool.path is not None
    return store.spool.path


def connected(path: Path) -> closing[Connection]:
    connection = connect_spool(path, busy_timeout=100)
    assert connection is not None
    return closing(connection)


def worker(folder: Path, key: str) -> None:
    ended = subprocess.run([sys.executable, "-c", WORKER, folder / "events.db", key], check=False)
    assert ended.returncode == 9


def test_a_lot_whose_removal_is_cut_off_is_stored_once(
    store: SqliteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: between the commit of the store and that of the spool nothing is lost or doubled."""
    append(store, batch("a", ROW), batch("b", ROW))

    def cut_off(connection: sqlite3.Connection, upto: int) -> None:
        raise sqlite3.OperationalError("cut off")

    with monkeypatch.context() as patched:
        patched.setattr(spooled, "remove_lots", cut_off)
        with pytest.raises(StoreUnavailable):
            store.drain()
    append(store, batch("c", ROW))
    assert store.counts(ROW.key).rows == 3
    with connected(own_spool(store)) as connection:
        assert read_lots(connection, 99, LOT_ROWS) == []


def test_two_movers_store_a_lot_once(store: SqliteEvents, other: SqliteEvents) -> None:
    """Whichever of them is first."""
    for number in range(40):
        append(store, batch(f"b{number}", ROW))
    movers = [Thread(target=each.drain) for each in (store, other, store, other)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join(timeout=60)
    assert store.file.counts(ROW.key).rows == 40


def test_a_mover_that_comes_late_doubles_nothing(store: SqliteEvents, tmp_path: Path) -> None:
    """It has read a lot, and does not go on before somebody else has taken the spool away."""
    worker(tmp_path, "b")
    (path,) = spools(tmp_path / "spool")
    with connected(path) as connection:
        lots = read_lots(connection, 99, LOT_ROWS)
        store.move(0)
        assert not path.exists()
        store.file.move(path, lots)
    assert store.counts(ROW.key).rows == 1


def test_a_retry_is_recognised_in_every_process(store: SqliteEvents, other: SqliteEvents) -> None:
    """Before it is moved, and after; in a spool that came later, and in one that was there."""
    first, second = batch("first", ROW), batch("second", ROW)
    append(store, first)
    append(other, second)
    assert append(other, replace(first, answer=b"another")) == [first.answer]
    assert append(store, replace(second, answer=b"another")) == [second.answer]
    store.drain()
    for each in (store, other):
        again = [replace(one, answer=b"another") for one in (first, second)]
        assert append(each, *again) == [first.answer, second.answer]
    assert store.counts(ROW.key).rows == 2


def test_two_processes_that_accept_the_same_at_once_store_it_once(
    store: SqliteEvents, other: SqliteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sees the other's: it is recognised when it is moved."""
    for each in (store, other):
        monkeypatch.setattr(each.spool, "_beside", list)
        append(each, batch("b", ROW, ROW))
    assert store.counts(ROW.key).rows == 2


def test_what_a_process_left_is_moved_and_its_spool_taken_away(
    store: SqliteEvents, tmp_path: Path
) -> None:
    """M50: kill -9 after an answer; nothing remembers the spool afterwards."""
    worker(tmp_path, "b")
    append(store, batch("mine", ROW))
    assert len(spools(tmp_path / "spool")) == 2
    store.move(0)
    assert spools(tmp_path / "spool") == [own_spool(store)]
    assert store.counts(ROW.key).rows == 2
    assert store.file.moved() == [own_spool(store).stem]
    # Its end was cut off: the spool is gone, and it is not known yet.
    with closing(sqlite3.connect(tmp_path / "events.db")) as file:
        file.execute("INSERT INTO moved (spool, upto) VALUES ('events-gone', 7)")
        file.commit()
    store.move(100)
    assert store.file.moved() == [own_spool(store).stem]


def test_rows_of_who_was_erased_meanwhile_are_not_stored(tmp_path: Path) -> None:
    """M29: a lot is judged again when it is moved; those of others in it are stored."""
    gone: set[Authorized] = set()

    def erased(judged: Collection[Authorized]) -> Set[Authorized]:
        return gone & set(judged)

    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody, gone=erased)) as store:
        mine = batch("mine", replace(ROW, pseudonym=None, values={"page": ("/canary",)}))
        append(store, mine, replace(batch("b", ROW), judged=Authorized("shop", "b" * 64, 8)))
        gone.add(JUDGED)
        store.erase([b"nobody"])
        assert list(store.rows(ROW.key)) == [ROW]
        assert b"canary" not in raw(tmp_path)


def test_an_erasure_reaches_the_spools_of_others(
    store: SqliteEvents, other: SqliteEvents, tmp_path: Path
) -> None:
    """M29: no byte of the visitor is left, in whichever process it was accepted."""
    mine = replace(ROW, pseudonym=b"my-pseudonym", values={"page": ("/my-canary",)})
    append(other, batch("b", mine))
    assert b"my-canary" in raw(tmp_path)
    assert store.erase([b"my-pseudonym"]) == 1
    assert b"my-canary" not in raw(tmp_path)
    assert b"my-pseudonym" not in raw(tmp_path)


def test_a_sealed_period_takes_what_was_accepted_before(
    store: SqliteEvents, other: SqliteEvents
) -> None:
    """M50: an answer before the seal is a row in the figures; after it nothing is answered."""
    append(other, batch("before", ROW))
    store.seal(ROW.key)
    assert store.file.counts(ROW.key).rows == 1
    for each in (store, other):
        assert isinstance(append(each, batch("after", ROW))[0], PeriodClosed)
    assert append(other, batch("before", ROW)) == [b"answer to before"]


def test_a_store_that_another_program_holds_keeps_nothing_from_being_accepted(
    tmp_path: Path,
) -> None:
    """What looks at the store waits until it can be moved, and then finds it."""
    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody, busy_timeout=50)) as store:
        append(store, batch("first", ROW))
        with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as program:
            program.execute("BEGIN IMMEDIATE")
            assert append(store, batch("b", ROW)) == [b"answer to b"]
            with pytest.raises(StoreUnavailable):
                store.counts(ROW.key)
            with pytest.raises(StoreUnavailable):
                store.erase([b"p" * 32])
            program.execute("ROLLBACK")
        assert store.counts(ROW.key).rows == 2


def test_a_spool_that_is_full_refuses_until_it_is_moved(
    store: SqliteEvents, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """503 with a time to try again; health says so, and the log, once."""
    monkeypatch.setattr(store.spool, "_most", 1_000)
    outcomes = [append(store, batch(f"b{number}", ROW))[0] for number in range(20)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, StoreUnavailable)]
    assert len(refused) > 1
    assert caplog.text.count("askfirst.W260") == 1
    assert all(outcome.retry_after > 0 for outcome in refused)
    with pytest.raises(StoreUnavailable, match="waits"):
        store.check()
    assert store.counts(ROW.key).rows == 20 - len(refused)
    assert append(store, batch("after", ROW)) == [b"answer to after"]
    store.check()


def test_a_damaged_spool_of_nobody_is_destroyed_and_said(
    store: SqliteEvents, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It keeps no withdrawal from being exact, and nobody's rows from being moved."""
    append(store, batch("mine", ROW))
    damaged = tmp_path / "spool/events-00.db"
    damaged.write_bytes(b"not a database at all" * 400)
    store.barrier()
    with pytest.raises(StoreUnavailable):
        store.drain()
    store.move(0)
    assert "askfirst.E114" in caplog.text
    assert not damaged.exists()
    assert store.counts(ROW.key).rows == 1


@pytest.mark.parametrize(
    "values",
    [{"page": 7}, {"page": ["/a", 7]}, {"time": ["2026-11-22", None]}, {"page": [b"\xff"]}, []],
)
def test_a_lot_that_is_not_what_was_written_is_stored_in_no_part(
    store: SqliteEvents, tmp_path: Path, caplog: pytest.LogCaptureFixture, values: object
) -> None:
    """Its values are read where it is moved: one that is none takes back the rows before it."""
    worker(tmp_path, "b")
    (spool,) = spools(tmp_path / "spool")
    good, bad = msgspec.msgpack.decode(joined([batch("good", ROW), batch("bad", ROW)]))
    bad[-1][0][6] = values
    with connected(spool) as connection:
        blob = msgspec.msgpack.encode([good, bad])
        connection.execute("UPDATE lot SET batches = ?, rows = 2", (blob,))
    with pytest.raises(StoreUnavailable):
        store.drain()
    store.move(0)
    assert "askfirst.E114" in caplog.text
    assert spools(tmp_path / "spool") == []
    assert store.periods() == []
    assert append(store, batch("c", ROW)) == [b"answer to c"]
    assert store.counts(ROW.key).rows == 1


def test_what_cannot_be_moved_in_time_is_destroyed_and_said(
    store: SqliteEvents, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """M28: with its salt, since a spool says whose it is; what is not due yet is moved later."""
    monday = replace(ROW, period="2026-11-23", values={"page": ("/monday",)})
    canary = replace(ROW, values={"page": ("/sunday-canary",)})
    append(store, batch("b", canary, monday), batch("c", canary))
    assert store.forget_spooled(lambda key: key == ROW.key) == 2
    assert "askfirst.E115 2 events" in caplog.text
    assert b"sunday-canary" not in raw(tmp_path)
    assert store.periods() == [monday.key]
    assert store.forget_spooled(lambda key: True) == 0
    # It was answered, and is not stored anew.
    assert append(store, batch("c", canary)) == [b"answer to c"]
    assert store.periods() == [monday.key]


def test_nothing_of_a_spool_is_left_when_its_process_ends_well(tmp_path: Path) -> None:
    """Everything is moved; the names of spools are drawn."""
    drawn = iter(range(1, 1000))
    store = SqliteEvents(
        tmp_path / "events.db",
        ended=nobody,
        urandom=lambda size: next(drawn).to_bytes(size, "big"),
    )
    append(store, batch("b", ROW))
    assert own_spool(store).name == f"events-{1:032x}.db"
    store.close()
    assert [*(tmp_path / "spool").iterdir()] == []
    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody)) as again:
        assert again.file.counts(ROW.key).rows == 1
        with reader(again) as connection:
            assert connection.execute("SELECT COUNT(*) FROM moved").fetchone() == (0,)


def test_a_spool_is_taken_away_where_the_store_cannot_forget_it_now(
    store: SqliteEvents, other: SqliteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock is let go of once; the job forgets it later."""
    append(other, batch("b", ROW))

    def away(spool: Path) -> None:
        raise StoreUnavailable("another program holds it")

    monkeypatch.setattr(other.file, "forget_spool", away)
    other.close()
    assert len(store.file.moved()) == 1
    store.move(0)
    assert store.file.moved() == []
    assert store.counts(ROW.key).rows == 1


def test_a_spool_whose_files_were_removed_is_followed_by_another(store: SqliteEvents) -> None:
    """Nothing is answered that went into a file which nobody sees any more."""
    append(store, batch("a", ROW))
    store.drain()
    path = own_spool(store)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink()
    assert isinstance(append(store, batch("b", ROW))[0], StoreUnavailable)
    assert append(store, batch("b", ROW)) == [b"answer to b"]
    assert own_spool(store) != path
    assert store.counts(ROW.key).rows == 2


def test_accepting_goes_on_while_lots_are_moved(tmp_path: Path) -> None:
    """Every answer is a row, however the two fall together."""
    path = tmp_path / "events.db"
    with (
        closing(SqliteEvents(path, ended=nobody)) as store,
        closing(SqliteEvents(path, ended=nobody)) as other,
    ):
        _accept_while_moving(store, other)


def _accept_while_moving(store: SqliteEvents, other: SqliteEvents) -> None:

    async def accept() -> list[bytes]:
        return [await store.append(batch(f"b{number}", ROW)) for number in range(200)]

    accepting = Thread(target=lambda: asyncio.run(accept()))
    accepting.start()
    while accepting.is_alive():
        other.drain()
    accepting.join(timeout=60)
    assert store.counts(ROW.key).rows == 200
