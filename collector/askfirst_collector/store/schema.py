"""The tables of `events.db`, and the view that questions are put to.

    period      one (site, collector, purpose, closes, first day) that has rows. `state` is 0 while
                it is open; 1 once it is sealed: what comes later is not stored; 2 when its rows are
                those that are kept: lowered, most without pseudonym
    value       the dictionary of a period: one entry for each distinct value of an attribute.
                It lives and dies with the period, so no string outlives the rows that used it
    event       one row, clustered by (period, visitor): the rows of a period, and of a visitor in
                it, lie together. `visitor` is the pseudonym, x'' for none; `id` is random, so that
                no order of rows tells an order of events. `time` is the start of the second,
                minute, hour or day (unix seconds, UTC) that `time_level` says; every other
                attribute names an entry of `value`, 0 for none. `sized` is 0 where the visitor
                counts towards no size, as enough of the same network came before
                A `drop` says in `action`, and nowhere else, why an event was not stored
    answer      what a retry of a batch is answered, by day; it names no row and no row names it
    moved       up to which lot each spool was moved; written in the commit that stores the lot
    generation  a number that moves whenever entries of `value` or `period` are removed, so that
                every process drops what it remembers of them

`events_text` is `event` with everything spelled out: text dimensions `page_1` (coarsest) to
`page_3`, NULL where a row was cut above that part, `page_level` (0 for none), integer `time`.
A join that a SELECT does not use costs nothing (SQLite leaves it out).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from askfirst.terms.attributes import ADDED, ATTRIBUTES
from askfirst_collector.store.events import TYPES
from askfirst_collector.store.present import Connection, connect
from askfirst_collector.store.versions import Step, bring_up, run_script

# `time` is a number and `visitor` is the pseudonym; everything else is in the dictionary.
# Columns in their order on disk: what came later stands last.
_FIRST = tuple(name for name in ATTRIBUTES if name not in ("time", "visitor", *ADDED))
DIMENSIONS = (*_FIRST, *ADDED)
PARTS = max(ATTRIBUTES[name].finest for name in DIMENSIONS)
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


def _view(dimensions: Sequence[str]) -> str:
    types = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(TYPES))
    columns = [
        "e.period AS period_id, p.site, p.collector, p.purpose, p.closes, p.period",
        "e.visitor AS pseudonym, NULLIF(e.visitor, x'') AS visitor",
        f"CASE e.type {types} END AS type",
        "e.min_cell_size, e.retention_days, e.keep_rows_days, e.time, e.time_level",
    ]
    joins = ["event AS e JOIN period AS p ON p.id = e.period"]
    for name in dimensions:
        value = f"v_{name}"
        columns.append(f"COALESCE({value}.level, 0) AS {name}_level")
        columns += [
            f"CASE WHEN {value}.level >= {n} THEN {value}.part_{n} END AS {name}_{n}"
            for n in range(1, ATTRIBUTES[name].finest + 1)
        ]
        joins.append(
            f"LEFT JOIN value AS {value} ON {value}.period = e.period AND {value}.id = e.{name}"
        )
    selected, joined = ",\n    ".join(columns), "\n".join(joins)
    return f"CREATE VIEW IF NOT EXISTS events_text AS SELECT\n    {selected}\nFROM {joined};\n"


# From version 0, an empty file, on.
STEPS: tuple[Step, ...] = (
    run_script(f"{TABLES}{_view(_FIRST)}"),
    run_script(
        "ALTER TABLE event ADD COLUMN campaign INTEGER NOT NULL DEFAULT 0;\n"
        f"DROP VIEW events_text;\n{_view(DIMENSIONS)}"
    ),
    run_script("ALTER TABLE event ADD COLUMN sized INTEGER NOT NULL DEFAULT 1;"),
    run_script(
        "CREATE TABLE moved (spool TEXT NOT NULL PRIMARY KEY, upto INTEGER NOT NULL)"
        " STRICT, WITHOUT ROWID;"
    ),
)


def open_events(path: Path, *, busy_timeout: int) -> Connection:
    """A connection to the event store at `path`, its tables made where they are not there yet.

    `busy_timeout` is in milliseconds. Raises sqlite3.Error, StoreFault, and SettingError for a
    file that is newer than the program.
    """
    connection = connect(path, timeout=busy_timeout / 1_000)
    try:
        use_journal(connection, busy_timeout)
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
