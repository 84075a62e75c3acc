"""From `events.db` to ClickHouse: every row, counted there by the server itself.

A row of no site stands in `event` for as long as that is under way: cut off, it begins anew. What
`events.db` has to go on keeping is then put into a file without rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import groupby, islice
from pathlib import Path

from askfirst_collector.config import SettingError
from askfirst_collector.store.events import Row, StoreUnavailable
from askfirst_collector.store.schema import DIMENSIONS, KEPT, PARTS, STEPS, open_events
from askfirst_collector.store.tally import Tally
from askfirst_collector.store.versions import version_of

from .schema import COLUMNS
from .server import Part, Server
from .values import fields_of, text_of

CHUNK = 20_000  # rows in one insert
MARK: Part = ("moving", "", 0)  # of no site, and of no period that there can be

Step = Callable[[int], object]

_PARTS = ", ".join(f"part_{n + 1}" for n in range(PARTS))
_DIMENSIONS = ", ".join(f"e.{name}" for name in DIMENSIONS)
# What has to be exact, and is no row.
_INDEX = ("period", "answer", "generation", "moved", "lot", "leaving", "store")
_NOT_EMPTY = "it has other rows than events.db: name an empty database; nothing was changed"
_SEPARATOR = "\x1e"
_BYTES = 8  # of a sum of hashes, of which there are two


def check_events(source: sqlite3.Connection) -> None:
    """SettingError `askfirst.E164` for a file that another version made."""
    if version_of(source) != len(STEPS):
        advice = "another version made it: start the collector once, and stop it"
        raise SettingError("askfirst.E164", "events.db", advice)


def count_events(source: sqlite3.Connection) -> int:
    """How many rows there are."""
    count: int = source.execute("SELECT COUNT(*) FROM event").fetchone()[0]
    return count


def owner_of(source: sqlite3.Connection) -> str:
    """The id of the folder whose rows these are."""
    return str(source.execute("SELECT id FROM store").fetchone()[0])


def move_rows(source: sqlite3.Connection, server: Server, draw: str, step: Step) -> None:
    """Put every row there, and see that each is; `draw` is a name of this attempt.

    What is there already, whole, is left as it is. Raises SettingError `askfirst.E164` where it is
    something else, StoreUnavailable.
    """
    present = server.parts()
    if present and MARK not in present:
        if _there(server) != tally_of(source, step):
            raise SettingError("askfirst.E164", server.address.shown, _NOT_EMPTY)
        return
    for part in sorted(present - {MARK}):
        server.drop_part(part)
    if not present:
        mark = Row("", "", "", MARK[0], MARK[1], "drop", {}, None, 0, 0, 0)
        server.insert([fields_of(mark, is_kept=False)], token=f"{draw}-mark")
    own: dict[Part, Tally] = {}
    for part, rows in _by_part(source):
        own[part] = tally = Tally()
        number = 0
        while chunk := list(islice(rows, CHUNK)):
            for row in chunk:
                tally.add(_line(row))
            number += 1
            server.insert(chunk, token=f"{draw}-{'-'.join(map(str, part))}-{number}")
            step(len(chunk))
    if _there(server) != {part: _sums(tally) for part, tally in own.items()}:
        raise StoreUnavailable("ClickHouse has not what was sent: nothing was changed here")
    server.drop_part(MARK)


def tally_of(source: sqlite3.Connection, step: Step) -> dict[Part, tuple[int, int, int]]:
    """Of each part how many rows there are, and the sums of their hashes."""
    own: dict[Part, tuple[int, int, int]] = {}
    for part, rows in _by_part(source):
        tally = Tally()
        for row in rows:
            tally.add(_line(row))
            if not tally.count % CHUNK:
                step(CHUNK)
        own[part] = _sums(tally)
    return own


def write_index(source: sqlite3.Connection, path: Path) -> None:
    """Make the `events.db` of a folder whose rows are elsewhere. Raises sqlite3.Error."""
    with closing(open_events(path, busy_timeout=5_000)) as index:
        index.execute("BEGIN IMMEDIATE")
        for table in _INDEX:
            index.execute(f"DELETE FROM {table}")  # noqa: S608
            rows = source.execute(f"SELECT * FROM {table}")  # noqa: S608
            marks = ", ".join("?" * len(rows.description))
            index.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
        index.execute("COMMIT")
        index.execute("PRAGMA journal_mode=DELETE")


def _by_part(source: sqlite3.Connection) -> Iterator[tuple[Part, Iterator[tuple[object, ...]]]]:
    """The rows as they are put there, of all periods that lie together one after the other."""
    periods = source.execute(
        "SELECT closes, period, state = ?, id, site, collector, purpose FROM period"
        " WHERE EXISTS (SELECT 1 FROM event WHERE event.period = period.id) ORDER BY 1, 2, 3",
        (KEPT,),
    ).fetchall()
    for part, own in groupby(periods, key=lambda line: (line[0], line[1], line[2])):
        yield part, (row for line in own for row in _rows(source, part, line[3], line[4:]))


def _rows(
    source: sqlite3.Connection, part: Part, number: int, names: tuple[str, str, str]
) -> Iterator[tuple[object, ...]]:
    values = {
        code: tuple(parts[:level])
        for code, level, *parts in source.execute(
            f"SELECT id, level, {_PARTS} FROM value WHERE period = ?",  # noqa: S608
            (number,),
        )
    }
    texts = {0: "", **{code: text_of(value) for code, value in values.items()}}
    lines = source.execute(
        f"SELECT v.pseudonym, e.type, e.limits, e.sized, e.time, e.time_level, {_DIMENSIONS}"  # noqa: S608
        " FROM event AS e LEFT JOIN visitor AS v ON v.period = e.period AND v.number = e.visitor"
        " WHERE e.period = ?",
        (number,),
    )
    closes, period, is_kept = part
    for pseudonym, kind, limits, sized, time, level, *codes in lines:
        # As `fields_of` has them, whatever the row is.
        yield (
            *(*names, closes, period, is_kept, pseudonym or b"", kind),
            *map(int, values[limits]),
            *(sized, time if level else 0, level),
            *[texts[code] for code in codes],
        )


def _line(fields: tuple[object, ...]) -> bytes:
    return _SEPARATOR.join(
        field.hex() if isinstance(field, bytes) else str(field) for field in fields
    ).encode()


def _sums(tally: Tally) -> tuple[int, int, int]:
    return tally.count, tally.first, tally.second


def _there(server: Server) -> dict[Part, tuple[int, int, int]]:
    """The same, as the server has it."""
    fields = ", ".join(
        "lower(hex(visitor))" if n == "visitor" else f"toString({n})" for n in COLUMNS
    )
    line = f"SHA256(concatWithSeparator('\\x1e', {fields}))"
    sums = ", ".join(
        f"sum(reinterpretAsUInt64(substring(hash, {1 + start}, {_BYTES})))" for start in (0, _BYTES)
    )
    rows = server.rows(
        f"SELECT closes, period, kept, count(), {sums} FROM"  # noqa: S608
        f" (SELECT closes, period, kept, {line} AS hash FROM event WHERE closes != '{MARK[0]}')"
        " GROUP BY closes, period, kept"
    )
    return {
        (closes, period, int(is_kept)): (int(count), int(first), int(second))
        for closes, period, is_kept, count, first, second in rows
    }
