"""One view of one period of `events.db`: the rows that closing counts, as they lie."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from askfirst.terms.attributes import ATTRIBUTES, Value

from . import scan
from .dictionary import find_period, time_value
from .events import TYPES, Limits, PeriodKey, Row
from .facts import Arrivals, Asked, Facts, Frequent, Pair, Pairs, nobody_asked
from .removal import with_pseudonyms
from .scan_pairs import read_pairs
from .schema import DIMENSIONS, PARTS

_DROP = TYPES.index("drop")
_LEVELS = 8  # more than any attribute has: room for a time's level in its code
_PARTS_OF = {
    name: [f"{name}_{n}" for n in range(1, ATTRIBUTES[name].finest + 1)] for name in DIMENSIONS
}
_ROW_COLUMNS = (
    "site, collector, purpose, closes, events_text.period, type, pseudonym, min_cell_size,"
    " retention_days, keep_rows_days, time, time_level, "
    + ", ".join(", ".join(p) for p in _PARTS_OF.values())
)
_PART_NAMES = ", ".join(f"part_{n + 1}" for n in range(PARTS))


PSEUDONYMS = 500  # in one statement


class SqlitePeriod:
    """`PeriodReader` over a connection that is in a transaction, and lives as long as that.

    Its rows are `CodedRows`.
    """

    def __init__(
        self, connection: sqlite3.Connection, key: PeriodKey, without: Collection[bytes] = ()
    ) -> None:
        self._connection = connection
        self._period = find_period(connection, key)
        numbers = [
            str(int(row[0]))
            for pseudonym in without
            for row in connection.execute(
                "SELECT number FROM visitor WHERE period = ? AND pseudonym = ?",
                (self._period, pseudonym),
            )
        ]
        # Numbers of ours: a statement takes fewer values than may be left out.
        self._visitors = f"visitor > 0 AND visitor NOT IN ({', '.join(numbers)})"

    def limits(self) -> Limits | None:
        """The limits of the rows; None where there are none."""
        size, days, keep = (f"CAST(part_{n} AS INTEGER)" for n in (1, 2, 3))
        row = self._connection.execute(
            f"SELECT MAX({size}), MIN({days}), MAX({keep}) FROM value"  # noqa: S608
            " WHERE period = ? AND attribute = 'limits'",
            (self._period,),
        ).fetchone()
        return None if row[0] is None else Limits(*row)

    def facts(
        self,
        trees: Collection[str],
        apart: Collection[str],
        whole: str = "",
        *,
        most: int | None = None,
        is_asked: Asked = nobody_asked,
    ) -> Facts:
        """Who shares each value of these tables, and what happened on each day."""
        return scan.read_facts(self, trees, apart, whole)

    def arrivals(self, trees: Collection[str], day: str) -> Arrivals:
        """Who came by the end of a day, of rows that say their day."""
        return scan.read_arrivals(self, trees, day)

    def pairs(self, facts: Facts, pairs: Collection[Pair], frequent: Frequent, size: int) -> Pairs:
        """How many visitors have a row with both of two frequent values."""
        return read_pairs(self, facts, pairs, frequent, size)

    def events(self, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Each row but drops, and those of nobody: visitor, type, code of each name; by visitor."""
        return self._connection.execute(
            f"SELECT visitor, type, {', '.join(map(_column, names))}"  # noqa: S608
            f" FROM event WHERE period = ? AND {self._visitors} AND type <> ? ORDER BY visitor",
            (self._period, _DROP),
        )

    def drops(self) -> Iterator[tuple[int, int]]:
        """Visitor and code of the reason of each drop of a visitor."""
        return self._connection.execute(
            f"SELECT visitor, action FROM event WHERE period = ? AND {self._visitors}"  # noqa: S608
            " AND type = ?",
            (self._period, _DROP),
        )

    def unsized(self) -> set[int]:
        """The visitors who count towards no size."""
        rows = self._connection.execute(
            "SELECT DISTINCT visitor FROM event WHERE period = ? AND sized = 0", (self._period,)
        )
        return {visitor for (visitor,) in rows}

    def newcomers(self, midnight: int, since: int, until: int) -> int:
        """Visitors whose first row of a day is from `since` to `until` (see `PeriodReader`)."""
        row = self._connection.execute(
            "SELECT COUNT(*) FROM (SELECT MIN(time) AS first FROM event WHERE period = ?"  # noqa: S608
            f" AND {self._visitors} AND type <> ? AND time >= ? AND time < ? AND time_level > 1"
            " GROUP BY visitor HAVING MIN(sized) > 0) WHERE first >= ?",
            (self._period, _DROP, midnight, until, since),
        ).fetchone()
        return int(row[0])

    def values(self) -> Callable[[str, int], Value]:
        """What the code of an attribute, by its name, means."""
        rows: Iterable[Sequence[int | str]] = self._connection.execute(
            f"SELECT id, level, {_PART_NAMES} FROM value WHERE period = ?",  # noqa: S608
            (self._period,),
        )
        dictionary = {int(row[0]): tuple(map(str, row[2 : 2 + int(row[1])])) for row in rows}

        def value(name: str, code: int) -> Value:
            if name == "time":
                seconds, level = divmod(code, _LEVELS)
                return time_value(seconds, level)
            return dictionary[code] if code else ()

        return value


def _column(name: str) -> str:
    return f"COALESCE(time, 0) * {_LEVELS} + time_level" if name == "time" else name


def rows_of_period() -> str:
    """A statement that reads the rows of a period, by its number, as `row_of` takes them."""
    return (
        f"SELECT {_ROW_COLUMNS} FROM events_text LEFT JOIN visitor"  # noqa: S608
        " ON visitor.period = period_id AND visitor.number = events_text.number"
        " WHERE period_id = ?"
    )


def rows_of_visitors(count: int) -> str:
    """A statement that reads the rows under `count` pseudonyms, as `row_of` takes them."""
    return (
        f"SELECT {_ROW_COLUMNS} FROM visitor CROSS JOIN events_text"  # noqa: S608
        " ON visitor.period = period_id AND visitor.number = events_text.number"
        f" WHERE {with_pseudonyms(count)}"
    )


def parts_of_period(
    connection: sqlite3.Connection, key: PeriodKey, most: int
) -> Iterator[list[Row]]:
    """The rows of a period, in parts of about `most` (see `EventStore`)."""
    number = find_period(connection, key)
    of_nobody = f"{rows_of_period()} AND events_text.number = 0 LIMIT ?"
    part = [row_of(row) for row in connection.execute(of_nobody, (number, most))]
    # By pseudonym, which is as good as drawn: a number tells when its visitor came.
    names = connection.execute(
        "SELECT pseudonym FROM visitor WHERE period = ? ORDER BY pseudonym", (number,)
    )
    while chunk := [name for (name,) in names.fetchmany(PSEUDONYMS)]:
        rows = map(row_of, connection.execute(rows_of_visitors(len(chunk)), chunk))
        part += [row for row in rows if row.key == key]
        if len(part) >= most:
            yield part
            part = []
    if part:
        yield part


def row_of(fields: Sequence[object]) -> Row:
    """The row that a line of these statements is."""
    site, collector, purpose, closes, period, type_, visitor, cell, retention, keep = fields[:10]
    time, time_level, *parts = fields[10:]
    values = {"time": time_value(time, time_level)}  # type: ignore[arg-type]
    at = 0
    for name, columns in _PARTS_OF.items():
        values[name] = tuple(
            str(part) for part in parts[at : at + len(columns)] if part is not None
        )
        at += len(columns)
    return Row(
        site=str(site),
        collector=str(collector),
        purpose=str(purpose),
        closes=str(closes),
        period=str(period),
        type=str(type_),
        values={name: value for name, value in values.items() if value},
        pseudonym=visitor,  # type: ignore[arg-type]
        min_cell_size=cell,  # type: ignore[arg-type]
        retention_days=retention,  # type: ignore[arg-type]
        keep_rows_days=keep,  # type: ignore[arg-type]
    )
