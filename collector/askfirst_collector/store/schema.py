"""The tables of `events.db`, and the view that questions are put to.

    period      one (site, collector, purpose, closes, first day) that has rows. `state` is 0 while
                it is open; 1 once it is sealed: what comes later is not stored; 2 when its rows are
                those that are kept: lowered, most without pseudonym
    value       the dictionary of a period: one entry for each distinct value of an attribute.
                It lives and dies with the period, so no string outlives the rows that used it.
                An entry `limits` is what the terms of rows say: size, days, days as rows
    visitor     the pseudonyms of a period, each with the number that its rows have there: the
                place of one of them
    event       one row, at the end of the file but for some (see `places.py`): `id` tells which
                thousand rows came before, and no order among a thousand. `visitor` is 0 for none.
                `time` is the start of the second, minute, hour or day (unix seconds, UTC) that
                `time_level` says; every other attribute, and `limits`, names an entry of `value`, 0
                for none. `sized` is 0 where the visitor counts towards no size, as enough of the
                same network came before
                A `drop` says in `action`, and nowhere else, why an event was not stored
    lot         what retries of batches are answered that were moved together, in no order; it names
                no row and no row names it
    run         many lots at a time become one, a day (see `kept_answers.py`)
    answer      what retries of the batches of a run are answered, by key
    moved       up to which lot each spool was moved; written in the commit that stores the lot.
                `sending` says up to which a lot goes that is put elsewhere, before it is
    leaving     what is to go from elsewhere, until it is gone
    store       the id of this folder, by which another store knows whose it is
    generation  a number that moves whenever entries of `value` or `period` are removed, so that
                every process drops what it remembers of them

`events_text` is `event` with everything spelled out: text dimensions `page_1` (coarsest) to
`page_3`, NULL where a row was cut above that part, `page_level` (0 for none), integer `time`.
A join that a SELECT does not use costs nothing (SQLite leaves it out).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from askfirst.terms.attributes import ADDED, ATTRIBUTES
from askfirst_collector.store.events import TYPES
from askfirst_collector.store.kept_answers import add_run
from askfirst_collector.store.present import Connection, connect
from askfirst_collector.store.versions import Step, bring_up, run_script

# `time` is a number and `visitor` is the pseudonym; everything else is in the dictionary.
# Columns in their order on disk: what came later stands last.
_FIRST = tuple(name for name in ATTRIBUTES if name not in ("time", "visitor", *ADDED))
DIMENSIONS = (*_FIRST, *ADDED)
CODES = ("limits", *DIMENSIONS)  # columns that name an entry of `value`
PARTS = max(ATTRIBUTES[name].finest for name in DIMENSIONS)
# Pages of 4 kB that its journal has before they go to the file: what two moves change goes once.
JOURNAL = 4_000
# States of a period.
OPEN, SEALED, KEPT = 0, 1, 2

_PARTS = ", ".join(f"part_{n + 1} TEXT NOT NULL" for n in range(PARTS))
_PART_NAMES = ", ".join(f"part_{n + 1}" for n in range(PARTS))
_DIMENSIONS = ",\n    ".join(f"{name} INTEGER NOT NULL" for name in _FIRST)

TABLES = f"""
CREATE TABLE IF NOT EXISTS period (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    collector TEXT NOT NULL,
    purpose TEXT NOT NULL,
    closes TEXT NOT NULL,
    period TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    UNIQUE (site, collector, purpose, closes, period)
) STRICT;
CREATE TABLE IF NOT EXISTS value (
    period INTEGER NOT NULL,
    id INTEGER NOT NULL,
    attribute TEXT NOT NULL,
    level INTEGER NOT NULL,
    {_PARTS},
    PRIMARY KEY (period, id),
    UNIQUE (period, attribute, level, {_PART_NAMES})
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
    period INTEGER NOT NULL,
    visitor BLOB NOT NULL,
    id INTEGER NOT NULL,
    type INTEGER NOT NULL,
    min_cell_size INTEGER NOT NULL,
    retention_days INTEGER NOT NULL,
    keep_rows_days INTEGER NOT NULL,
    time INTEGER,
    time_level INTEGER NOT NULL,
    {_DIMENSIONS},
    PRIMARY KEY (period, visitor, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answer (
    day INTEGER NOT NULL,
    key BLOB NOT NULL,
    answer BLOB NOT NULL,
    PRIMARY KEY (day, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS generation (number INTEGER NOT NULL) STRICT;
INSERT INTO generation SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM generation);
"""  # noqa: S608 - only names of ours


# What version 5 knew: DIMENSIONS may have grown since.
_FIFTH = (*_FIRST, "campaign")

_BY_PLACE = f"""
DROP VIEW IF EXISTS events_text;
ALTER TABLE event RENAME TO event_before;
CREATE TABLE visitor (
    period INTEGER NOT NULL,
    pseudonym BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (period, pseudonym)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    period INTEGER NOT NULL,
    visitor INTEGER NOT NULL,
    type INTEGER NOT NULL,
    limits INTEGER NOT NULL,
    time INTEGER,
    time_level INTEGER NOT NULL,
    {", ".join(f"{name} INTEGER NOT NULL" for name in _FIFTH)},
    sized INTEGER NOT NULL
) STRICT;
CREATE INDEX event_visitor ON event (period, visitor);
"""
_ROWS_BEFORE = (
    "SELECT period, visitor, min_cell_size, retention_days, keep_rows_days, type, time, time_level,"  # noqa: S608
    f" {', '.join(_FIFTH)}, sized FROM event_before ORDER BY period, visitor, id"
)
_SPREAD = 7  # places at most from one row to the next: a gap is no row that is missing


def _view(dimensions: Sequence[str]) -> str:
    types = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(TYPES))
    columns = [
        "e.period AS period_id, p.site, p.collector, p.purpose, p.closes, p.period",
        "e.visitor AS number, NULLIF(e.visitor, 0) AS visitor",
        f"CASE e.type {types} END AS type, e.time, e.time_level",
    ]
    for n, name in enumerate(("min_cell_size", "retention_days", "keep_rows_days"), 1):
        columns.append(f"CAST(v_limits.part_{n} AS INTEGER) AS {name}")
    joins = ["event AS e JOIN period AS p ON p.id = e.period"]
    for name in dimensions:
        columns.append(f"COALESCE(v_{name}.level, 0) AS {name}_level")
        columns += [
            f"CASE WHEN v_{name}.level >= {n} THEN v_{name}.part_{n} END AS {name}_{n}"
            for n in range(1, ATTRIBUTES[name].finest + 1)
        ]
    joins += [
        f"LEFT JOIN value AS v_{name} ON v_{name}.period = e.period AND v_{name}.id = e.{name}"
        for name in ("limits", *dimensions)
    ]
    selected, joined = ",\n    ".join(columns), "\n".join(joins)
    return f"CREATE VIEW events_text AS SELECT\n    {selected}\nFROM {joined};\n"


def _by_place(connection: sqlite3.Connection) -> None:
    """Rows by place, and their pseudonyms apart. Before, they lay by pseudonym, in no order."""
    run_script(_BY_PLACE)(connection)
    marks = ", ".join("?" * (8 + len(_FIFTH)))
    before = connection.execute(_ROWS_BEFORE)
    rows = _placed(connection, before)
    connection.executemany(f"INSERT INTO event VALUES ({marks})", rows)  # noqa: S608
    connection.execute("DROP TABLE event_before")
    run_script(_view(_FIFTH))(connection)


def _placed(connection: sqlite3.Connection, before: sqlite3.Cursor) -> Iterator[tuple[object, ...]]:
    place, last, number = 0, (0, b""), 0
    numbers: dict[tuple[int, ...], int] = {}
    for period, visitor, size, days, keep, *rest in before:
        place += 1 + os.urandom(1)[0] % _SPREAD
        if visitor and (period, visitor) != last:
            last, number = (period, visitor), place
            connection.execute("INSERT INTO visitor VALUES (?, ?, ?)", (period, visitor, place))
        limits = numbers.get((period, size, days, keep))
        if limits is None:
            limits = numbers[period, size, days, keep] = _add_limits(
                connection, period, (str(size), str(days), str(keep))
            )
        kind, *others = rest
        yield (place, period, number if visitor else 0, kind, limits, *others)


def _add_limits(connection: sqlite3.Connection, period: int, parts: tuple[str, str, str]) -> int:
    while True:
        number = int.from_bytes(os.urandom(3), "big") or 1
        added = connection.execute(
            "INSERT OR IGNORE INTO value (period, id, attribute, level, part_1, part_2, part_3)"
            " VALUES (?, ?, 'limits', 3, ?, ?, ?)",
            (period, number, *parts),
        )
        if added.rowcount == 1:
            return number


_ELSEWHERE = """
ALTER TABLE moved ADD COLUMN sending INTEGER NOT NULL DEFAULT 0;
CREATE TABLE leaving (
    site TEXT NOT NULL,
    collector TEXT NOT NULL,
    purpose TEXT NOT NULL,
    closes TEXT NOT NULL,
    period TEXT NOT NULL,
    kept INTEGER NOT NULL,
    PRIMARY KEY (site, collector, purpose, closes, period, kept)
) STRICT, WITHOUT ROWID;
CREATE TABLE store (id TEXT NOT NULL) STRICT;
INSERT INTO store SELECT lower(hex(randomblob(16)));
"""

_RUNS = """
ALTER TABLE answer RENAME TO answer_before;
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    day INTEGER NOT NULL,
    marks BLOB NOT NULL
) STRICT;
CREATE TABLE answer (
    run INTEGER NOT NULL,
    key BLOB NOT NULL,
    answer BLOB NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
"""
_OF_DAY = "FROM answer_before WHERE day = ? ORDER BY key"


def _in_runs(connection: sqlite3.Connection) -> None:
    """Answers in runs, one of each day. Before, they lay by key alone: each was a page to write."""
    run_script(_RUNS)(connection)
    for (day,) in connection.execute("SELECT DISTINCT day FROM answer_before").fetchall():
        keys = connection.execute(f"SELECT key {_OF_DAY}", (day,))
        run = add_run(connection, day, (key for (key,) in keys))
        connection.execute(f"INSERT INTO answer SELECT ?, key, answer {_OF_DAY}", (run, day))
    connection.execute("DROP TABLE answer_before")


# From version 0, an empty file, on.
STEPS: tuple[Step, ...] = (
    run_script(TABLES),
    run_script("ALTER TABLE event ADD COLUMN campaign INTEGER NOT NULL DEFAULT 0;"),
    run_script("ALTER TABLE event ADD COLUMN sized INTEGER NOT NULL DEFAULT 1;"),
    run_script(
        "CREATE TABLE moved (spool TEXT NOT NULL PRIMARY KEY, upto INTEGER NOT NULL)"
        " STRICT, WITHOUT ROWID;"
    ),
    _by_place,
    run_script(
        "CREATE TABLE lot (id INTEGER PRIMARY KEY AUTOINCREMENT, day INTEGER NOT NULL,"
        " answers BLOB NOT NULL) STRICT;"
    ),
    run_script(_ELSEWHERE),
    _in_runs,
)


def open_events(path: Path, *, busy_timeout: int) -> Connection:
    """A connection to the event store at `path`, its tables made where they are not there yet.

    `busy_timeout` is in milliseconds. Raises sqlite3.Error, StoreFault, and SettingError for a
    file that is newer than the program.
    """
    connection = connect(path, timeout=busy_timeout / 1_000)
    try:
        use_journal(connection, busy_timeout)
        connection.execute(f"PRAGMA wal_autocheckpoint={JOURNAL}")
        bring_up(connection, STEPS, path.name)
    except BaseException:
        connection.close()
        raise
    return connection


def use_journal(connection: sqlite3.Connection, busy_timeout: int) -> None:
    """Write-ahead logging, in which an answer means "on disk" and what goes is overwritten.

    SQLite does not wait for others here by itself, as it does elsewhere.
    """
    until = time.monotonic() + busy_timeout / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            break
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    # What is sorted is in no file of its own, which nobody would overwrite.
    connection.execute("PRAGMA temp_store=MEMORY")
