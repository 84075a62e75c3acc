"""Figures that another tool counted before, kept apart from ours: nothing adds the two up.

imported   one cell: of a day (`table` ""), or of a page or a source in a month, by its first day
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, String, Table, delete, func, select

from askfirst_collector.store.database import metadata, reading

imported = Table(
    "imported",
    metadata,
    Column("site", String, primary_key=True),
    Column("source", String, primary_key=True),  # the tool
    Column("day", String, primary_key=True),
    Column("table", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("visitors", Integer),
    Column("views", Integer),
)


@dataclass(frozen=True)
class Imported:
    """What a site has of one tool: its days, the first and the last (ISO 8601)."""

    source: str
    first: str
    last: str
    days: int


@dataclass(frozen=True)
class ImportedDay:
    """What a tool counted on one day; None is what its export did not say."""

    visitors: int | None
    views: int | None


def replace_imported(
    connection: Connection, site: str, source: str, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Keep these cells of a tool, and none that were there before."""
    drop_imported(connection, site, source)
    values = [{"site": site, "source": source, **row} for row in rows]
    if values:
        connection.execute(imported.insert(), values)


def drop_imported(connection: Connection, site: str, source: str) -> int:
    """Forget what was imported of a tool; how many cells."""
    own = imported.c.site == site, imported.c.source == source
    return connection.execute(delete(imported).where(*own)).rowcount


def find_imports(connection: Connection, site: str) -> tuple[Imported, ...]:
    """What a site has, by tool."""
    days = imported.c.site == site, imported.c.table == ""
    columns = func.min(imported.c.day), func.max(imported.c.day), func.count()
    query = select(imported.c.source, *columns).where(*days).group_by(imported.c.source)
    return tuple(Imported(*row) for row in connection.execute(query.order_by(imported.c.source)))


def imports_of(engine: Engine, site: str) -> tuple[Imported, ...]:
    """The same, by itself."""
    with reading(engine) as connection:
        return find_imports(connection, site)


def imported_days(
    engine: Engine, site: str, sources: Collection[str], first: str, last: str
) -> dict[str, dict[str, ImportedDay]]:
    """Visitors and page views of each day, by tool; of these tools alone, so that an index does."""
    of_tools = imported.c.site == site, imported.c.source.in_(sources)
    of_days = imported.c.table == "", imported.c.day.between(first, last)
    columns = imported.c.source, imported.c.day, imported.c.visitors, imported.c.views
    days: dict[str, dict[str, ImportedDay]] = {}
    with reading(engine) as connection:
        for source, day, visitors, views in connection.execute(
            select(*columns).where(*of_tools, *of_days)
        ):
            days.setdefault(source, {})[day] = ImportedDay(visitors, views)
    return days


def imported_sums(
    engine: Engine, site: str, source: str, table: str, first: str, last: str, most: int
) -> list[tuple[str, int | None, int | None]]:
    """Values of a tool with visitors and views, months added up, the most visited first."""
    own = imported.c.site == site, imported.c.source == source, imported.c.table == table
    visitors, views = func.sum(imported.c.visitors), func.sum(imported.c.views)
    query = select(imported.c.value, visitors, views).where(*own)
    query = query.where(imported.c.day.between(first, last)).group_by(imported.c.value)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(visitors.desc(), imported.c.value).limit(most))
        return [(row[0], row[1], row[2]) for row in rows]


def purge_imported(connection: Connection, first_days: Mapping[str, str]) -> Counter[str]:
    """Forget, by site, what is older than a day; how many cells."""
    removed: Counter[str] = Counter()
    for site, day in first_days.items():
        own = imported.c.site == site, imported.c.day < day
        removed[site] = connection.execute(delete(imported).where(*own)).rowcount
    return removed
