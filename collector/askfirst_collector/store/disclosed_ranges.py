"""What was disclosed over a range of days, read from `ledger.db`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    ScalarSelect,
    and_,
    func,
    literal_column,
    or_,
    select,
)

from askfirst.terms.attributes import Value
from askfirst.terms.terms import CLOSES
from askfirst.terms.time_zone import first_day
from askfirst_collector.store.database import reading
from askfirst_collector.store.disclosed import (
    Cell,
    Kind,
    Totals,
    cell,
    closing,
    read,
    subject,
    subject_id,
    written,
)

# A range is read through the cells of each line in all periods where they lie together, or through
# those of each of its periods, which costs ten times as much a period: they have to be sorted.
FEW = 10
_CHUNK = 500  # paths in one statement


@dataclass(frozen=True)
class Range:
    """A purpose of a site (or of a collector placed on it), from the first to the last day."""

    site: str
    purpose: str
    first: date
    last: date
    collector: str = ""


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """A closed period of a site, with its totals; `number` is what its cells know it by."""

    number: int
    site: str
    closes: str
    period: str
    totals: Totals


def closed_periods(engine: Engine, wanted: Range) -> list[ClosedPeriod]:
    """The closed periods of a range, in no meaningful order."""
    with reading(engine) as connection:
        return [_period(row) for row in connection.execute(select(*_PERIOD).where(_in(wanted)))]


def newest_periods(engine: Engine) -> list[ClosedPeriod]:
    """The last closed period of every purpose that a site has of its own.

    One statement for all sites.
    """
    by = (closing.c.site, closing.c.purpose, closing.c.closes)
    last = select(*by, func.max(closing.c.period).label("period"))
    last_of = last.where(closing.c.collector == "").group_by(*by).subquery()
    same = [last_of.c[column.name] == column for column in (*by, closing.c.period)]
    query = select(*_PERIOD).join(last_of, and_(*same)).where(closing.c.collector == "")
    with reading(engine) as connection:
        return [_period(row) for row in connection.execute(query)]


def sums(
    engine: Engine, wanted: Range, tables: Sequence[str], closed: Sequence[ClosedPeriod]
) -> list[tuple[str, Value, Kind, int, int]]:
    """Table, path, kind, visitors and in how many periods, of every cell, largest first.

    `closed` are the closed periods of the range.
    """
    if not closed:
        return []
    chosen = [period.number for period in closed]
    least, most = min(chosen), max(chosen)
    visitors = func.sum(cell.c.visitors)
    with reading(engine) as connection:
        every, inside = _count_closings(connection, wanted, least, most)
        of: ColumnElement[Any] = cell.c.subject
        within = cell.c.closing.in_(chosen)
        if len(chosen) * FEW < every:
            # Of what is no column there is no index: they are found by their closing then.
            of = cell.c.subject + 0
        elif inside == len(chosen):
            # Two numbers are compared with each cell, in place of a search among hundreds.
            within = cell.c.closing.between(least, most)
        query = (
            select(cell.c.table, cell.c.path, cell.c.kind, visitors, func.count())
            .where(of == _subject_of(wanted), within, cell.c.table.in_(tables))
            .group_by(cell.c.table, cell.c.path, cell.c.kind)
            .order_by(visitors.desc(), cell.c.path, cell.c.kind)
        )
        rows = connection.execute(query).all()
    return [
        (table_name, read(path), kind, int(people), int(shown))
        for table_name, path, kind, people, shown in rows
    ]


def _count_closings(
    connection: Connection, wanted: Range, least: int, most: int
) -> tuple[int, int]:
    """How many closed periods the subject of a range has in all, and with a number between two."""
    between = func.count().filter(closing.c.id.between(least, most))
    query = select(func.count(), between).select_from(closing).where(*_of(wanted))
    every, inside = connection.execute(query).one()
    return every, inside


def cells_of_periods(engine: Engine, wanted: Range, table: str) -> list[tuple[int, Value, int]]:
    """Every cell of a table with a number of its period, in no meaningful order."""
    query = (
        select(cell.c.closing, cell.c.path, cell.c.visitors)
        .where(*_cells_of(wanted))
        .where(cell.c.table == table, cell.c.kind == "value")
    )
    with reading(engine) as connection:
        return [(row[0], read(row[1]), row[2]) for row in connection.execute(query)]


def cells_of_days(engine: Engine, wanted: Range, table: str) -> list[tuple[str, Value, int]]:
    """Every cell of a table, with the day that is its period; of longer periods none."""
    query = (
        select(closing.c.period, cell.c.path, cell.c.visitors)
        .join(closing, closing.c.id == cell.c.closing)
        .where(*_cells_of(wanted), closing.c.closes == "day")
        .where(cell.c.table == table, cell.c.kind == "value")
    )
    with reading(engine) as connection:
        return [(row[0], read(row[1]), row[2]) for row in connection.execute(query)]


def hours_of_day(engine: Engine, wanted: Range) -> dict[int, int]:
    """Visitors of each hour of the day that was shown, added over the days of a range."""
    # A path of the table `time` down to the hour is always written like ["2026-11-16","09"].
    # Its numbers are in the statement: PostgreSQL groups by no value that is bound.
    hour = func.substr(cell.c.path, literal_column("16"), literal_column("2"))
    query = (
        select(hour, func.sum(cell.c.visitors))
        .where(*_cells_of(wanted))
        .where(cell.c.table == "time", cell.c.kind == "value", func.length(cell.c.path) == 19)
        .group_by(hour)
    )
    with reading(engine) as connection:
        return {int(which): int(people) for which, people in connection.execute(query)}


def tables_of(engine: Engine, site: str) -> list[tuple[Range, str]]:
    """Every table that was disclosed of a site, with the range that it is there for."""
    own = [closing.c.collector, closing.c.purpose, cell.c.table]
    query = select(*own, func.min(closing.c.period), func.max(closing.c.period))
    query = query.join(cell, cell.c.closing == closing.c.id).where(closing.c.site == site)
    with reading(engine) as connection:
        rows = connection.execute(query.group_by(*own).order_by(*own)).all()
    return [(Range(site, row[1], *_days(row[3], row[4]), row[0]), row[2]) for row in rows]


def _days(first: str, last: str) -> tuple[date, date]:
    return date.fromisoformat(first), date.fromisoformat(last)


_PERIOD = tuple(
    closing.c[name] for name in ("id", "site", "closes", "period", "visitors", "views", "visits")
)


def _period(row: Any) -> ClosedPeriod:
    # By position: a year has hundreds, and a name costs more than the rest.
    number, site, closes, period, visitors, views, visits = row
    return ClosedPeriod(number, site, closes, period, Totals(visitors, views, visits))


def _subject_of(wanted: Range) -> ScalarSelect[int]:
    return subject_id(wanted.site, wanted.collector, wanted.purpose).scalar_subquery()


def _cells_of(wanted: Range) -> tuple[ColumnElement[bool], ...]:
    return (
        cell.c.subject == _subject_of(wanted),
        cell.c.closing.in_(select(closing.c.id).where(_in(wanted))),
    )


def _in(wanted: Range) -> ColumnElement[bool]:
    # The period that the first day is in belongs to the range.
    dates = or_(
        *(
            (closing.c.closes == closes)
            & (closing.c.period >= first_day(closes, wanted.first).isoformat())
            & (closing.c.period <= wanted.last.isoformat())
            for closes in CLOSES
        )
    )
    return and_(*_of(wanted), dates)


def _of(wanted: Range) -> tuple[ColumnElement[bool], ...]:
    return (
        closing.c.site == wanted.site,
        closing.c.collector == wanted.collector,
        closing.c.purpose == wanted.purpose,
    )


@dataclass(frozen=True)
class PeriodTables:
    """All that a closed period disclosed of a purpose that a site has of its own."""

    number: int
    closes: str
    period: str
    totals: Totals
    cells: tuple[Cell, ...]


def next_tables(
    engine: Engine, site: str, purpose: str, upto: int, now: float
) -> PeriodTables | None:
    """The oldest closed period with a number above `upto` whose time is not over (unix seconds)."""
    of_purpose = (closing.c.site == site, closing.c.collector == "", closing.c.purpose == purpose)
    query = select(*_PERIOD).where(*of_purpose, closing.c.id > upto, closing.c.expires > int(now))
    columns = (cell.c.table, cell.c.path, cell.c.kind, cell.c.visitors)
    with reading(engine) as connection:
        row = connection.execute(query.order_by(closing.c.id).limit(1)).first()
        if row is None:
            return None
        period = _period(row)
        order = (cell.c.table, cell.c.path, cell.c.kind)
        own = select(*columns).where(cell.c.closing == period.number).order_by(*order)
        cells = [
            Cell(table, read(path), kind, visitors)
            for table, path, kind, visitors in connection.execute(own)
        ]
    return PeriodTables(period.number, period.closes, period.period, period.totals, tuple(cells))


def newest_number(connection: Connection) -> int:
    """The number of the period that closed last; 0 where none has."""
    return int(connection.execute(select(func.coalesce(func.max(closing.c.id), 0))).scalar_one())


def shown_paths(engine: Engine, site: str, table: str, paths: Collection[Value]) -> set[Value]:
    """Those of these paths of a table that a closed period of a site has shown."""
    subjects = select(subject.c.id).where(subject.c.site == site)
    texts = [written(path) for path in paths]
    shown: set[Value] = set()
    with reading(engine) as connection:
        numbers = list(connection.execute(subjects).scalars())
        for start in range(0, len(texts), _CHUNK):
            query = select(cell.c.path).distinct()
            query = query.where(cell.c.subject.in_(numbers), cell.c.table == table)
            query = query.where(cell.c.path.in_(texts[start : start + _CHUNK]))
            rows = connection.execute(query.where(cell.c.kind == "value")).scalars()
            shown.update(read(path) for path in rows)
    return shown
