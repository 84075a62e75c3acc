"""What is said of a period that is longer than a day before it closes, in `ledger.db`.

daily_total   one day of a period: its totals, NULL where they are not shown. A row says that the
              day was counted for good; it stays as long as the figures of its period
so_far        one figure of an open period, added up of those who came new; `until` is the day up
              to which visitors are in it. It goes when its period closes, which asks anew
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    String,
    Table,
    and_,
    delete,
    insert,
    select,
)

from askfirst.terms.attributes import Value
from askfirst_collector.store.database import changing, metadata, reading
from askfirst_collector.store.disclosed import (
    Disclosed,
    Subject,
    Totals,
    has_closed,
    read,
    write,
    written,
)
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.periods import DAY, CalendarOf

TOTAL = ("", ())  # the question how many visitors there are in all
Question = tuple[str, Value]  # a table, and a path in it
_OF_PERIOD = ("site", "collector", "purpose", "closes", "period")

daily_total = Table(
    "daily_total",
    metadata,
    *(Column(name, String, primary_key=True) for name in _OF_PERIOD),
    Column("day", String, primary_key=True),
    Column("visitors", Integer),
    Column("views", Integer),
    Column("visits", Integer),
    Column("expires", Integer, nullable=False),  # unix seconds
    Column("granted", Integer),
    Column("refused", Integer),
)

so_far = Table(
    "so_far",
    metadata,
    *(Column(name, String, primary_key=True) for name in _OF_PERIOD),
    Column("table", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("until", String, nullable=False),
    Column("visitors", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure so far, and the day (ISO 8601) up to which visitors are in it."""

    until: str
    visitors: int


def read_days(engine: Engine, key: PeriodKey) -> dict[str, Totals]:
    """The days of a period that were counted, with their totals."""
    columns = (daily_total.c.day, *_TOTALS)
    with reading(engine) as connection:
        rows = connection.execute(select(*columns).where(_is(daily_total, key))).all()
    return {row[0]: Totals(*row[1:]) for row in rows}


def read_so_far(engine: Engine, key: PeriodKey) -> dict[Question, Figure]:
    """Every figure so far of a period."""
    with reading(engine) as connection:
        rows = connection.execute(select(so_far).where(_is(so_far, key))).all()
    return {(row.table, read(row.path)): Figure(row.until, row.visitors) for row in rows}


def write_day(
    engine: Engine,
    key: PeriodKey,
    day: str,
    totals: Totals,
    figures: Mapping[Question, Figure],
    *,
    expires: int,
) -> None:
    """Say that a day was counted, and what is said from it on: all of it, or nothing.

    Of several processes the first one's figures stand.
    """
    with changing(engine) as connection:
        own = select(daily_total.c.day).where(_is(daily_total, key), daily_total.c.day == day)
        if connection.execute(own).first() is not None:
            return
        add_days(connection, key, {day: totals}, expires=expires)
        for (table, path), figure in figures.items():
            text = written(path)
            where = _is(so_far, key), so_far.c.table == table, so_far.c.path == text
            connection.execute(delete(so_far).where(*where))
            connection.execute(
                insert(so_far).values(
                    **_names(key),
                    table=table,
                    path=text,
                    until=figure.until,
                    visitors=figure.visitors,
                )
            )


def add_days(
    connection: Connection, key: PeriodKey, days: Mapping[str, Totals], *, expires: int
) -> None:
    """Write the totals of days that were not counted before."""
    rows = [
        {
            **_names(key),
            "day": day,
            "visitors": totals.visitors,
            "views": totals.views,
            "visits": totals.visits,
            "expires": expires,
            "granted": totals.granted,
            "refused": totals.refused,
        }
        for day, totals in days.items()
    ]
    if rows:
        connection.execute(insert(daily_total), rows)


def close(
    engine: Engine,
    key: PeriodKey,
    answers: Disclosed,
    days: Mapping[str, Totals],
    *,
    size: int,
    expires: int,
    settled: bool,
) -> None:
    """Close a period for good: its answers and days are written, what was said so far goes.

    Of several processes the first one's answers stand.
    """
    with changing(engine) as connection:
        if not has_closed(connection, key):
            add_days(connection, key, days, expires=expires)
            connection.execute(delete(so_far).where(_is(so_far, key)))
            write(connection, key, answers, size=size, expires=expires, settled=settled)


def days_between(
    engine: Engine, site: str, collector: str, purpose: str, first: str, last: str
) -> dict[str, Totals]:
    """The counted days of a purpose in a range, whatever their period."""
    table = daily_total.c
    query = select(table.day, *_TOTALS).where(
        table.site == site,
        table.collector == collector,
        table.purpose == purpose,
        table.day.between(first, last),
    )
    with reading(engine) as connection:
        return {row[0]: Totals(*row[1:]) for row in connection.execute(query)}


def purge_days(
    connection: Connection, now: float, allowed: Mapping[Subject, int], calendar_of: CalendarOf
) -> Counter[str]:
    """Remove days past their retention, or past what is allowed a purpose now; how many, by site.

    A day is counted once for each purpose.
    """
    table = daily_total.c
    over = [table.expires <= int(now)]
    for (site, collector, purpose), days in allowed.items():
        oldest = calendar_of(site).period_of("day", max(0.0, now - (days + 1) * DAY))
        own = and_(table.site == site, table.collector == collector, table.purpose == purpose)
        over.append(own & (table.day < oldest))
    removed: Counter[str] = Counter()
    for condition in over:
        gone = delete(daily_total).where(condition).returning(table.site)
        removed.update(connection.execute(gone).scalars())
    return removed


_TOTALS = tuple(
    daily_total.c[name] for name in ("visitors", "views", "visits", "granted", "refused")
)


def _names(key: PeriodKey) -> dict[str, str]:
    return {name: getattr(key, name) for name in _OF_PERIOD}


def _is(table: Table, key: PeriodKey) -> ColumnElement[bool]:
    return and_(*(table.c[name] == getattr(key, name) for name in _OF_PERIOD))
