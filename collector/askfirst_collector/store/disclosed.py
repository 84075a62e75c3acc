"""The disclosed tables in `ledger.db`: what is left of a period once it is closed.

closing        one closed period; its existence says that it is closed for good. `visitors`,
               `views` and `visits` are NULL where they are not shown, which says nothing of
               whether anybody came. `settled` is 0 until its rows are destroyed, or lowered
cell           one disclosed cell; `path` is a JSON list of parts, coarse to fine. The cells of a
               path lie together through all periods: a range adds them as they lie. `views` are
               of tables that closed while cells still counted page views, else 0
subject        a number for each (site, collector, purpose), for that order
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Index,
    Integer,
    Select,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from askfirst.terms.attributes import Value
from askfirst.terms.terms import CLOSES
from askfirst_collector.store.database import changing, metadata, reading
from askfirst_collector.store.events import PeriodKey

from .periods import DAY, CalendarOf

Subject = tuple[str, str, str]  # site, collector ("" for the site itself), purpose
Kind = Literal["value", "other", "not given"]
_OF_PERIOD = ("site", "collector", "purpose", "closes", "period")

closing = Table(
    "closing",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(name, String, nullable=False) for name in _OF_PERIOD),
    Column("min_cell_size", Integer, nullable=False),
    Column("visitors", Integer),
    Column("views", Integer),
    Column("visits", Integer),
    Column("expires", Integer, nullable=False),  # unix seconds
    Column("settled", Integer, nullable=False),
)
Index("closing_by_period", *(closing.c[name] for name in _OF_PERIOD), unique=True)

cell = Table(
    "cell",
    metadata,
    Column("subject", Integer, primary_key=True),
    Column("table", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("closing", Integer, primary_key=True),
    Column("visitors", Integer, nullable=False),
    Column("views", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# A few periods are read from it alone: in SQLite an index has the columns of the key as well.
Index("cell_by_closing", cell.c.closing, cell.c.table, cell.c.visitors)

subject = Table(
    "subject",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(name, String, nullable=False) for name in _OF_PERIOD[:3]),
)
Index("subject_by_name", *(subject.c[name] for name in _OF_PERIOD[:3]), unique=True)


@dataclass(frozen=True, slots=True)
class Cell:
    """One disclosed cell. `kind` other than value: the rest below `path`, or rows cut at `path`."""

    table: str
    path: Value
    kind: Kind
    visitors: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Visitors, page views and visits of a day or a period; each None where it is not shown.

    `granted` and `refused` are of a day in a longer period: of others they are cells.
    """

    visitors: int | None
    views: int | None
    visits: int | None
    granted: int | None = None
    refused: int | None = None


@dataclass(frozen=True)
class Disclosed:
    """What a closed period says."""

    totals: Totals
    cells: tuple[Cell, ...]


def written(path: Value) -> str:
    """A path as it is stored."""
    return json.dumps(path, ensure_ascii=True, separators=(",", ":"))


def read(path: str) -> Value:
    """A stored path."""
    return tuple(json.loads(path))


def has_closed(connection: Connection, key: PeriodKey) -> bool:
    """Whether a period is closed: for good."""
    return connection.execute(select(closing.c.id).where(_is(key))).first() is not None


def is_closed(engine: Engine, key: PeriodKey) -> bool:
    """Whether a period is closed: for good."""
    return key in closed_of(engine, [key])


def closed_of(engine: Engine, keys: Collection[PeriodKey]) -> set[PeriodKey]:
    """Which of these periods are closed, as of one moment."""
    with reading(engine) as connection:
        return {key for key in keys if has_closed(connection, key)}


def unsettled(engine: Engine) -> list[PeriodKey]:
    """Closed periods whose rows may still be there: a close was cut off."""
    columns = [closing.c[name] for name in _OF_PERIOD]
    query = select(*columns).where(closing.c.settled == 0)
    with reading(engine) as connection:
        return [PeriodKey(*row) for row in connection.execute(query)]


def last_closed(engine: Engine) -> dict[tuple[str, str, str, str], str]:
    """The newest closed period of each (site, collector, purpose, closes)."""
    by = [closing.c[name] for name in _OF_PERIOD[:4]]
    query = select(*by, func.max(closing.c.period)).group_by(*by)
    with reading(engine) as connection:
        return {(row[0], row[1], row[2], row[3]): row[4] for row in connection.execute(query)}


def size_of(engine: Engine, key: PeriodKey) -> int:
    """The cell size that a closed period was closed with."""
    with reading(engine) as connection:
        query = select(closing.c.min_cell_size).where(_is(key))
        size: int = connection.execute(query).scalar_one()
    return size


def write(
    connection: Connection,
    key: PeriodKey,
    disclosed: Disclosed,
    *,
    size: int,
    expires: int,
    settled: bool,
) -> None:
    """Close a period: its one row, and its cells. A second time is an IntegrityError."""
    values = {name: getattr(key, name) for name in _OF_PERIOD}
    connection.execute(
        insert(closing).values(
            **values,
            min_cell_size=size,
            visitors=disclosed.totals.visitors,
            views=disclosed.totals.views,
            visits=disclosed.totals.visits,
            expires=expires,
            settled=int(settled),
        )
    )
    number: int = connection.execute(select(closing.c.id).where(_is(key))).scalar_one()
    if disclosed.cells:
        of = _subject(connection, key)
        rows = [_row(of, number, entry) for entry in disclosed.cells]
        connection.execute(insert(cell), rows)


def settle(engine: Engine, key: PeriodKey) -> None:
    """Say that the rows of a closed period are dealt with."""
    with changing(engine) as connection:
        connection.execute(update(closing).where(_is(key)).values(settled=1))


def purge(
    connection: Connection, now: float, allowed: Mapping[Subject, int], calendar_of: CalendarOf
) -> Counter[str]:
    """Remove what is past its retention; how many periods it were, by site.

    `allowed` are the days that the host policy gives each subject now.
    """
    periods = _over(connection, now, allowed, calendar_of)
    remove(connection, (number for number, _ in periods))
    return Counter(site for _, (site, _, _) in periods)


def over(
    engine: Engine, now: float, allowed: Mapping[Subject, int], calendar_of: CalendarOf
) -> list[Subject]:
    """Of each closed period past its retention, or past what is allowed now, its subject."""
    with reading(engine) as connection:
        return [subject for _, subject in _over(connection, now, allowed, calendar_of)]


def _over(
    connection: Connection, now: float, allowed: Mapping[Subject, int], calendar_of: CalendarOf
) -> list[tuple[int, Subject]]:
    columns = (closing.c.id, *(closing.c[name] for name in _OF_PERIOD[:3]))
    settled = select(*columns).where(closing.c.settled == 1)
    queries = [settled.where(closing.c.expires <= int(now))]
    for names, days in allowed.items():
        calendar = calendar_of(names[0])
        for closes in CLOSES:
            # Of each kind, everything before the period in which the oldest allowed second lies.
            oldest = calendar.period_of(closes, max(0.0, now - days * DAY))
            values = (*names, closes)
            own = [closing.c[name] == at for name, at in zip(_OF_PERIOD[:4], values, strict=True)]
            queries.append(settled.where(*own, closing.c.period < oldest))
    periods = {
        row[0]: (row[1], row[2], row[3]) for query in queries for row in connection.execute(query)
    }
    return sorted(periods.items())


def subjects(engine: Engine) -> list[Subject]:
    """Every (site, collector, purpose) that has closed periods."""
    query = select(*(closing.c[name] for name in _OF_PERIOD[:3])).distinct()
    with reading(engine) as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def remove(connection: Connection, numbers: Iterable[int]) -> None:
    """Remove closed periods with their cells."""
    for number in numbers:
        connection.execute(delete(cell).where(cell.c.closing == number))
        connection.execute(delete(closing).where(closing.c.id == number))


def remove_cells_of(connection: Connection, site: str) -> None:
    """Remove every cell of a site; its periods are left, without them."""
    own = select(subject.c.id).where(subject.c.site == site)
    connection.execute(delete(cell).where(cell.c.subject.in_(own)))


def subject_id(site: str, collector: str, purpose: str) -> Select[int]:
    """The number of a (site, collector, purpose), as a query."""
    return select(subject.c.id).where(
        subject.c.site == site, subject.c.collector == collector, subject.c.purpose == purpose
    )


def _subject(connection: Connection, key: PeriodKey) -> int:
    query = subject_id(key.site, key.collector, key.purpose)
    number: int | None = connection.execute(query).scalar()
    if number is None:
        names = {name: getattr(key, name) for name in _OF_PERIOD[:3]}
        connection.execute(insert(subject).values(**names))
        number = connection.execute(query).scalar_one()
    return number


def _row(of: int, number: int, cell: Cell) -> dict[str, object]:
    return {
        "subject": of,
        "closing": number,
        "table": cell.table,
        "path": written(cell.path),
        "kind": cell.kind,
        "visitors": cell.visitors,
        "views": 0,
    }


def _is(key: PeriodKey) -> ColumnElement[bool]:
    return and_(*(closing.c[name] == getattr(key, name) for name in _OF_PERIOD))
