"""Rows lie at the end of `event`, in no order among a thousand; older files are brought to that."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from askfirst_collector.store import schema
from askfirst_collector.store.events import Limits
from askfirst_collector.store.places import BLOCK, FULL, draw_places
from askfirst_collector.store.sqlite import SqliteEvents
from askfirst_collector.store.versions import bring_up

from .rows import DAY, ROW, append, batch, kept_answers, nobody

KILLED = """
import os, signal, sys
from pathlib import Path
from askfirst_collector.store import schema

placed = schema._placed

def cut_off(*given):
    for number, row in enumerate(placed(*given)):
        if number == 70:
            os.kill(os.getpid(), signal.SIGKILL)
        yield row

schema._placed = cut_off
schema.open_events(Path(sys.argv[1]), busy_timeout=100)
"""


def table(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE event (id INTEGER PRIMARY KEY)")
    return connection


def fill(connection: sqlite3.Connection, places: list[int]) -> None:
    connection.executemany("INSERT INTO event VALUES (?)", [(place,) for place in places])


def test_a_block_has_a_thousand_rows_then_comes_the_next(tmp_path: Path) -> None:
    """Rows that came one by one, and rows of one lot, lie in the last block."""
    with closing(table(tmp_path / "places.db")) as connection:
        for count in (1, 1, 500, FULL - 502):
            fill(connection, draw_places(connection, count, os.urandom))
        places = [place for (place,) in connection.execute("SELECT id FROM event")]
        assert len(places) == FULL
        assert {place // BLOCK for place in places} == {1}
        later = draw_places(connection, 2 * FULL + 1, os.urandom)
        assert Counter(place // BLOCK for place in later) == {2: FULL, 3: FULL, 4: 1}
        assert later == sorted(set(later))


@pytest.mark.parametrize("byte", [b"\0", b"\xff"])
def test_randomness_that_repeats_gives_other_places(tmp_path: Path, byte: bytes) -> None:
    """No place is given out twice, and drawing ends."""
    with closing(table(tmp_path / "places.db")) as connection:
        for count in (1, 3):
            fill(connection, draw_places(connection, count, lambda size: byte * size))
        assert connection.execute("SELECT COUNT(*) FROM event").fetchone() == (4,)


def test_one_after_the_other_lies_anywhere_in_the_block(tmp_path: Path) -> None:
    """M26: of two rows that are moved one by one either comes first as often as not."""
    first = 0
    for _ in range(400):
        with closing(table(Path(":memory:"))) as connection:
            fill(connection, draw_places(connection, 1, os.urandom))
            (earlier,) = connection.execute("SELECT id FROM event").fetchone()
            first += earlier < draw_places(connection, 1, os.urandom)[0]
    assert 120 < first < 280  # off by eight standard deviations


def before(path: Path) -> None:
    """A file of version 4, with rows of three visitors and of nobody, and rows that are kept."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        bring_up(connection, schema.STEPS[:4], "events.db")
        connection.execute("INSERT INTO period VALUES (7, 'shop', '', 's', 'day', '2026-11-22', 0)")
        connection.execute("INSERT INTO period VALUES (8, 'shop', '', 's', 'day', '2026-11-01', 2)")
        connection.execute("INSERT INTO value VALUES (7, 3, 'page', 1, '/coffee', '', '')")
        connection.execute("INSERT INTO answer VALUES (?, x'01', x'02')", (DAY,))
        marks = ", ".join("?" * 21)
        for number in range(100):
            visitor = b"" if number % 4 == 0 else bytes([number % 4]) * 32
            period, kept = (8, 30) if number >= 90 else (7, 0)
            page = 3 if period == 7 else 0
            row = period, visitor, number * 7919 % 2**20, 0, 5, 365, kept, 1_795_312_800, 2, page
            connection.execute(f"INSERT INTO event VALUES ({marks})", (*row, *[0] * 10, 1))


def rows_of(path: Path) -> Counter[tuple[str, str, bytes | None, int]]:
    with closing(SqliteEvents(path, ended=nobody)) as store:
        return Counter(
            (row.period, "".join(row.values.get("page", ())), row.pseudonym, row.keep_rows_days)
            for key in store.periods()
            for row in store.rows(key)
        )


def expected() -> Counter[tuple[str, str, bytes | None, int]]:
    return Counter(
        (
            "2026-11-01" if number >= 90 else "2026-11-22",
            "" if number >= 90 else "/coffee",
            bytes([number % 4]) * 32 if number % 4 else None,
            30 if number >= 90 else 0,
        )
        for number in range(100)
    )


def test_an_older_file_keeps_its_rows(tmp_path: Path) -> None:
    """Rows, pseudonyms, limits and answers are there, and go on; nothing of the old table is."""
    path = tmp_path / "events.db"
    before(path)
    assert rows_of(path) == expected()
    with closing(SqliteEvents(path, ended=nobody)) as store:
        row = replace(ROW, purpose="s", pseudonym=bytes([1]) * 32)
        assert store.limits(row.key) == Limits(5, 365, 0)
        append(store, batch("b", row))
        assert len(store.of_pseudonyms([bytes([1]) * 32])) == 26
        assert store.erase([bytes([1]) * 32]) == 26
        assert store.counts(row.key).visitors == 2
    assert bytes([1]) * 32 not in path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        assert "event_before" not in tables
        assert kept_answers(connection) == [(DAY, b"\x01"), (DAY, b"b")]


def test_killed_while_it_is_brought_up_it_is_as_before(tmp_path: Path) -> None:
    """kill -9 in the middle: the next start finds every row once, and brings it up."""
    path = tmp_path / "events.db"
    before(path)
    process = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert process.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (4,)
        assert connection.execute("SELECT COUNT(*) FROM event").fetchone() == (100,)
    assert rows_of(path) == expected()
