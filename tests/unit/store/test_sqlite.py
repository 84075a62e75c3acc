"""The event store on one machine: on disk, once, exactly, and gone when it is dropped."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Set
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from askfirst_collector.store.events import (
    Authorized,
    Batch,
    Counts,
    HandleEnded,
    PeriodKey,
    StoreUnavailable,
)
from askfirst_collector.store.events_file import Work
from askfirst_collector.store.period_reader import rows_of_visitors
from askfirst_collector.store.sqlite import SqliteEvents

from .rows import DAY, EVERYTHING, JUDGED, ROW, append, batch, kept_answers, nobody, raw, reader


def test_a_row_comes_back_as_it_was_at_every_level(store: SqliteEvents) -> None:
    """A value of any attribute, at any level, is read as it was written."""
    rows = [
        replace(ROW, values={n: v[:level] for n, v in EVERYTHING.items() if v[:level]}, type=kind)
        for level in range(5)
        for kind in ("page_view", "action")
    ]
    append(store, batch("b", *rows))
    found = list(store.rows(ROW.key))
    assert sorted(map(repr, found)) == sorted(map(repr, rows))


def test_strings_of_any_script_come_back(store: SqliteEvents, corpus: Path) -> None:
    """Every naughty string that is text is stored as it is, one entry of the dictionary each."""
    listed = json.loads((corpus / "naughty" / "blns.json").read_bytes())
    strings = sorted({text for text in listed if text and "\0" not in text})
    assert len(strings) > 400
    rows = [replace(ROW, values={"page": (text,)}) for text in strings]
    append(store, batch("b", *rows))
    assert sorted(row.values["page"][0] for row in store.rows(ROW.key)) == strings


def test_none_is_told_apart_from_an_empty_part(store: SqliteEvents) -> None:
    """A row without a pseudonym has none; a level of one empty part is not a level of none."""
    rows = [
        replace(ROW, pseudonym=None, values={}),
        replace(ROW, pseudonym=None, values={"page": ("",)}),
        replace(ROW, pseudonym=None, values={"page": ("", "")}),
    ]
    append(store, batch("b", *rows))
    found = list(store.rows(ROW.key))
    assert sorted(map(repr, found)) == sorted(map(repr, rows))
    assert store.counts(ROW.key) == Counts(visitors=0, views=3, rows=3)


def test_an_answer_means_that_another_process_can_read_the_row(
    store: SqliteEvents, tmp_path: Path
) -> None:
    """202 means committed: a second process reads the row as soon as append has answered."""
    append(store, batch("b", ROW))
    query = "SELECT page_2, time, time_level FROM events_text"
    program = """
import pathlib, sys
from askfirst_collector.store.sqlite import SqliteEvents
store = SqliteEvents(pathlib.Path(sys.argv[1]), ended=frozenset)
store.drain()
print(store.file.connect().execute(sys.argv[2]).fetchall())
"""
    out = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "events.db", query],
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.strip() == "[('/coffee/beans', 1795356000, 2)]"


def test_a_retry_gets_the_first_answer_and_adds_nothing(store: SqliteEvents) -> None:
    """A batch seen within 48 hours is answered as before, also when it comes twice at once."""
    first = batch("b", ROW)
    again = replace(first, answer=b"another answer", rows=(ROW, ROW))
    assert append(store, first, again) == [first.answer, first.answer]
    assert append(store, again) == [first.answer]
    assert store.counts(ROW.key).rows == 1


def test_a_retry_after_midnight_is_known_until_its_bucket_is_dropped(store: SqliteEvents) -> None:
    """Two days later the batch is found under the key of its own day, then it is new."""
    first = batch("sunday", ROW)
    append(store, first)
    tuesday = batch("tuesday", ROW, day=DAY + 2, earlier=(b"monday", b"sunday"))
    assert append(store, tuesday) == [first.answer]
    wednesday = batch("wednesday", ROW, day=DAY + 3, earlier=(b"tuesday", b"monday"))
    assert append(store, wednesday) == [wednesday.answer]
    with reader(store) as connection:
        assert [day for day, _ in kept_answers(connection)] == [DAY, DAY + 3]
    store.forget_answers(DAY + 4)
    with reader(store) as connection:
        assert kept_answers(connection) == []


def test_a_retry_is_known_wherever_its_answer_lies(
    store: SqliteEvents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its spool, in a lot, in one run or another; here and in another worker."""
    monkeypatch.setattr("askfirst_collector.store.kept_answers.RUN", 5)
    tables = []
    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody)) as other:
        for n in range(10):
            append(store, batch(f"b{n}", ROW))
            store.drain()
            for again in range(n + 1):
                for worker in (store, other):
                    retry = replace(batch(f"b{again}", ROW), answer=b"another")
                    assert append(worker, retry) == [batch(f"b{again}").answer]
            with reader(store) as connection:
                assert len(kept_answers(connection)) == n + 1
                count = "SELECT (SELECT COUNT(*) FROM lot), (SELECT COUNT(*) FROM answer)"
                tables.append(connection.execute(count).fetchone())
    assert tables[3:6] == [(4, 0), (0, 5), (1, 5)]
    assert store.counts(ROW.key).rows == 10


def test_a_round_that_is_undone_leaves_nothing_that_is_remembered(store: SqliteEvents) -> None:
    """M50: what was moved in it is moved by the next try, and no retry of it is stored again."""
    appender = store.file._appender

    def move(key: str) -> Work:
        return Work(lambda connection: appender.append(connection, [batch(key, ROW)]), False)

    def fail(_: sqlite3.Connection) -> None:
        raise ValueError("at fault alone")

    outcomes = store.file._round([move("a"), move("b"), Work(fail, False)])
    assert [type(outcome) for outcome in outcomes] == [int, int, ValueError]
    assert store.counts(ROW.key).rows == 2
    store.file._round([move("a"), move("b")])
    assert store.counts(ROW.key).rows == 2


def test_who_waits_together_is_written_together(tmp_path: Path) -> None:
    """Group commit: while one round waits for the lock, everyone else gathers for the next."""
    rounds: list[int] = []

    def ended(judged: Collection[Authorized]) -> Set[Authorized]:
        rounds.append(len(judged))
        return frozenset()

    with closing(SqliteEvents(tmp_path / "events.db", ended=ended)) as store:
        append(store, batch("first", ROW))
        batches = [
            replace(batch(f"b{n}", ROW), judged=Authorized("shop", f"{n:064x}", n))
            for n in range(300)
        ]
        assert store.spool.path is not None
        with closing(sqlite3.connect(store.spool.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answers = _append_while(store, batches, other)
        assert answers == [one.answer for one in batches]
        assert sum(rounds) == 301
        assert len(rounds) <= 4


def _append_while(
    store: SqliteEvents, batches: list[Batch], other: sqlite3.Connection
) -> list[bytes]:
    async def together() -> list[bytes]:
        asks = [asyncio.ensure_future(store.append(one)) for one in batches]
        await asyncio.sleep(0)  # every batch is in the queue now
        other.execute("COMMIT")
        return list(await asyncio.gather(*asks))

    return asyncio.run(together())


def test_what_nobody_waits_for_is_not_stored(tmp_path: Path) -> None:
    """M20: a relay that hung up goes on without us: its visitor may have withdrawn by now."""
    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody)) as store:
        left, other = replace(batch("b", ROW), is_awaited=lambda: False), batch("other", ROW)
        outcomes = append(store, left, other)
        assert isinstance(outcomes[0], StoreUnavailable)
        assert outcomes[1] == other.answer
        assert store.counts(ROW.key).rows == 1
        # The same batch, sent again, is as new.
        assert append(store, replace(left, is_awaited=lambda: True)) == [left.answer]


def test_a_withdrawal_between_judging_and_writing_drops_the_batch(tmp_path: Path) -> None:
    """M20: what the ledger says inside the write transaction counts, not what ingest saw before."""
    gone: set[Authorized] = set()
    with closing(SqliteEvents(tmp_path / "events.db", ended=lambda j: gone & set(j))) as store:
        other = replace(batch("other", ROW), judged=Authorized("shop", "b" * 64, 8))
        gone.add(JUDGED)
        outcomes = append(store, batch("b", ROW), other)
        assert isinstance(outcomes[0], HandleEnded)
        assert outcomes[1] == other.answer
        assert store.counts(ROW.key).rows == 1
        with reader(store) as connection:
            assert kept_answers(connection) == [(DAY, b"other")]


def test_the_barrier_waits_for_whoever_writes(store: SqliteEvents, tmp_path: Path) -> None:
    """M20: a barrier returns only after a transaction of another process has ended."""
    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody)) as other:
        append(other, batch("a", ROW))
        append(store, batch("b", ROW))
        for path in (other.spool.path, store.spool.path):
            assert path is not None
            with closing(sqlite3.connect(path, isolation_level=None)) as writer:
                writer.execute("BEGIN IMMEDIATE")
                with pytest.raises(StoreUnavailable):
                    store.barrier()
                writer.execute("COMMIT")
            store.barrier()


def test_no_row_tells_when_it_came(store: SqliteEvents) -> None:
    """M26: neither places of rows nor numbers follow the order of arrival, in small lots."""
    for n in range(40):
        values = {"page": (f"/{n}",)}
        append(store, batch(f"b{n}", replace(ROW, values=values, pseudonym=b"%d" % n)))
        store.drain()
    with reader(store) as connection:
        for query in (
            "SELECT v.part_1 FROM event AS e JOIN value AS v ON v.id = e.page ORDER BY e.id",
            "SELECT part_1 FROM value WHERE attribute = 'page' ORDER BY id",
            "SELECT '/' || CAST(pseudonym AS TEXT) FROM visitor ORDER BY number",
        ):
            order = [int(page[1:]) for (page,) in connection.execute(query)]
            assert sorted(order) == list(range(40))
            assert order != sorted(order)


def test_a_dropped_period_leaves_no_byte(store: SqliteEvents, tmp_path: Path) -> None:
    """M28: rows, strings and journal of a dropped period are gone from the files; others stay."""
    monday = replace(ROW, period="2026-11-23", values={"page": ("/monday-canary",)})
    sunday = replace(ROW, values={"page": ("/sunday-canary",)}, pseudonym=b"sunday-visitor")
    append(store, batch("b", sunday, monday))
    assert b"sunday-canary" in raw(tmp_path)
    store.drain()
    store.drop(sunday.key)
    assert store.periods() == [monday.key]
    assert b"sunday-canary" not in raw(tmp_path)
    assert b"sunday-visitor" not in raw(tmp_path)
    assert b"monday-canary" in raw(tmp_path)
    store.drop(sunday.key)


def test_a_reader_delays_the_emptying_of_the_journal_only(
    store: SqliteEvents, tmp_path: Path
) -> None:
    """M28: what a reader keeps in the journal goes with the next round after it has left."""
    append(store, batch("b", replace(ROW, values={"page": ("/sunday-canary",)})))
    with reader(store) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT COUNT(*) FROM event").fetchone()
        store.drop(ROW.key)
        assert b"sunday-canary" in raw(tmp_path)
    store.file.barrier()
    assert b"sunday-canary" not in raw(tmp_path)


def test_a_large_period_goes_in_slices_while_others_write(
    store: SqliteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drop holds the lock for one slice at a time; interrupted, a second call ends it."""
    monkeypatch.setattr("askfirst_collector.store.removal.SLICE", 10)
    rows = [replace(ROW, pseudonym=bytes([n])) for n in range(1, 96)]
    append(store, batch("b", *rows))
    store.drain()
    store.drop(ROW.key)
    assert store.periods() == []
    with reader(store) as connection:
        for table in ("event", "value", "period"):
            assert connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)


def test_erasing_takes_the_strings_that_only_the_visitor_used(
    store: SqliteEvents, tmp_path: Path
) -> None:
    """M29: after an erasure no row, no pseudonym and no string of the visitor alone is left."""
    mine = replace(ROW, pseudonym=b"mine", values={"page": ("/mine-only",), "os": ("Linux",)})
    other = replace(ROW, pseudonym=b"other", values={"page": ("/coffee",), "os": ("Linux",)})
    week = replace(mine, closes="week", period="2026-11-16", values={"page": ("/mine-weekly",)})
    append(store, batch("b", mine, mine, other, week))
    assert len(store.of_pseudonyms([b"mine", b"nobody"])) == 3
    assert store.erase([b"mine", b"nobody"]) == 3
    assert store.erase([b"mine"]) == 0
    assert store.of_pseudonyms([b"mine"]) == []
    assert list(store.rows(other.key)) == [other]
    assert store.periods() == [other.key]
    for canary in (b"mine-only", b"mine-weekly", b"mine"):
        assert canary not in raw(tmp_path)


def test_rows_without_a_pseudonym_belong_to_nobody(store: SqliteEvents) -> None:
    """An empty pseudonym finds and erases nothing."""
    append(store, batch("b", replace(ROW, pseudonym=None)))
    assert store.of_pseudonyms([b""]) == []
    assert store.erase([b""]) == 0
    assert store.counts(ROW.key).rows == 1


def test_what_another_process_dropped_is_not_remembered(tmp_path: Path) -> None:
    """Two workers on one file: a string that one dropped is written anew by the other."""
    path = tmp_path / "events.db"
    with (
        closing(SqliteEvents(path, ended=nobody)) as one,
        closing(SqliteEvents(path, ended=nobody)) as two,
    ):
        append(one, batch("b1", ROW))
        two.drain()
        two.drop(ROW.key)
        append(one, batch("b2", ROW))
        append(two, batch("b3", ROW))
        assert list(one.rows(ROW.key)) == [ROW, ROW]


def test_counts_are_of_distinct_visitors(store: SqliteEvents) -> None:
    """The snapshot of an open period: visitors, page views, rows."""
    action = replace(ROW, type="action", values={"action": ("order",)})
    append(
        store,
        batch("b", ROW, ROW, action, replace(ROW, pseudonym=b"q"), replace(ROW, pseudonym=None)),
    )
    assert store.counts(ROW.key) == Counts(visitors=2, views=4, rows=5)
    assert store.counts(PeriodKey("shop", "", "none", "day", "2026-11-22")) == Counts()


def test_a_question_can_be_put_in_portable_sql(store: SqliteEvents) -> None:
    """Text dimensions and integer time; a reader cannot write."""
    append(store, batch("b", ROW, replace(ROW, pseudonym=b"q", values={"page": ("/tea",)})))
    with reader(store) as connection:
        found = connection.execute(
            "SELECT page_1, page_2, COUNT(DISTINCT visitor), COUNT(*) FROM events_text"
            " WHERE site = 'shop' AND purpose = 'statistics' GROUP BY page_1, page_2 ORDER BY 1"
        ).fetchall()
        assert found == [("/coffee", "/coffee/beans", 1, 1), ("/tea", None, 1, 1)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM event")


def test_rows_of_a_visitor_are_found_by_the_key(store: SqliteEvents) -> None:
    """What is kept about one visitor is found without a scan of the period."""
    append(store, batch("b", ROW))
    with reader(store) as connection:
        select = f"EXPLAIN QUERY PLAN {rows_of_visitors(2)}"
        plan = connection.execute(select, (b"a", b"b")).fetchall()
    steps = [str(step[-1]) for step in plan]
    assert any("SEARCH visitor USING PRIMARY KEY (period=? AND pseudonym=?)" in s for s in steps)
    assert any("SEARCH e USING INDEX event_visitor (period=? AND visitor=?)" in s for s in steps)
    assert not any("SCAN e" in step or "SCAN visitor" in step for step in steps)


def test_a_row_takes_little_room(store: SqliteEvents) -> None:
    """What a row with nine values of a visitor with eight rows takes in the file."""
    rows = [
        replace(ROW, values=EVERYTHING, pseudonym=(n // 8).to_bytes(32, "big"))
        for n in range(8_000)
    ]
    for start in range(0, len(rows), 100):
        append(store, batch(f"b{start}", *rows[start : start + 100]))
    with reader(store) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    assert pages * size / len(rows) < 120
