"""Collectors that site owners place on pages, as the registry keeps them.

placed   one row a collector: who owns it, how it stands, its terms as published, its public write
         key. `version` counts every change, so that of two who save at once the second is told;
         `reason` is why it is suspended: the conflicts of the chain, or the member who did it
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    func,
    insert,
    select,
    update,
)

from askfirst.errors import Problem
from askfirst.terms.canonical import canonical
from askfirst.terms.placed import Placed, read_placed
from askfirst_collector.catalogue.unreadable import Unreadable, unreadable
from askfirst_collector.store.database import metadata

State = Literal["draft", "active", "suspended", "retired"]
STATES: tuple[State, ...] = ("draft", "active", "suspended", "retired")

placed = Table(
    "placed",
    metadata,
    Column("site", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),  # a member
    Column("state", String, nullable=False),
    Column("document", LargeBinary, nullable=False),  # canonical JSON
    Column("write_key", String, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("reason", LargeBinary),  # canonical JSON
)


@dataclass(frozen=True)
class PlacedCollector:
    """A placed collector as it stands; `reason` says why it is suspended."""

    site: str
    name: str
    owner: str
    state: State
    placed: Placed
    write_key: str
    version: int
    reason: Mapping[str, Any] | None = None

    @property
    def by_chain(self) -> bool:
        """Whether the chain of policies suspended it, so that the chain may let it go on."""
        return self.reason is not None and "conflicts" in self.reason

    @property
    def by(self) -> str:
        """The member who suspended it; "" where none did."""
        return str((self.reason or {}).get("by", ""))


def by_conflicts(problems: tuple[Problem, ...]) -> dict[str, Any]:
    """The reason of a collector that goes beyond what is above it now."""
    # Values of policies are plain; one that is not is told as its text.
    text = json.dumps([problem.as_dict() for problem in problems], default=str)
    return {"conflicts": json.loads(text)}


def by_member(name: str) -> dict[str, Any]:
    """The reason of a collector that somebody suspended."""
    return {"by": name}


def load_placed(connection: Connection, site: str) -> tuple[PlacedCollector, ...]:
    """All collectors of a site, by name; one that cannot be read stands nowhere."""
    query = select(placed).where(placed.c.site == site).order_by(placed.c.name)
    return tuple(_readable(connection.execute(query).all()))


def count_active(connection: Connection, sites: Collection[str]) -> dict[str, int]:
    """How many collectors stand on the pages of each of these sites; none is left out."""
    query = select(placed.c.site, func.count()).where(placed.c.site.in_(sites))
    query = query.where(placed.c.state == "active").group_by(placed.c.site)
    return {row[0]: row[1] for row in connection.execute(query)}


def load_owned(connection: Connection, owner: str) -> tuple[PlacedCollector, ...]:
    """All collectors of a member, by site and name; one that cannot be read stands nowhere."""
    query = select(placed).where(placed.c.owner == owner).order_by(placed.c.site, placed.c.name)
    return tuple(_readable(connection.execute(query).all()))


def _readable(rows: Iterable[Row[Any]]) -> Iterator[PlacedCollector]:
    for row in rows:
        with suppress(Unreadable):
            yield _read(row)


def find_placed(connection: Connection, site: str, name: str) -> PlacedCollector | None:
    """One collector of a site; Unreadable where it is there, and cannot be read any more."""
    query = select(placed).where(placed.c.site == site, placed.c.name == name)
    row = connection.execute(query).first()
    return None if row is None else _read(row)


def write_placed(connection: Connection, collector: PlacedCollector) -> None:
    """Keep a collector as it stands now, new or known."""
    values = {
        "owner": collector.owner,
        "state": collector.state,
        "document": canonical(collector.placed.document),
        "write_key": collector.write_key,
        "version": collector.version,
        "reason": None if collector.reason is None else canonical(dict(collector.reason)),
    }
    own = (placed.c.site == collector.site, placed.c.name == collector.name)
    if not connection.execute(update(placed).where(*own).values(values)).rowcount:
        connection.execute(
            insert(placed).values(site=collector.site, name=collector.name, **values)
        )


def active(connection: Connection, site: str) -> dict[str, Placed]:
    """What stands on the pages of a site now."""
    collectors = load_placed(connection, site)
    return {
        collector.name: collector.placed for collector in collectors if collector.state == "active"
    }


def collector_of_key(connection: Connection, key: str) -> tuple[str, str] | None:
    """Site and name of the collector with this write key, in whatever state."""
    query = select(placed.c.site, placed.c.name).where(placed.c.write_key == key)
    row = connection.execute(query).first()
    return None if row is None else (row.site, row.name)


def hand_over(connection: Connection, owner: str, to: str) -> tuple[tuple[str, str], ...]:
    """Give everything that a member owns to another; site and name of each."""
    own = placed.c.owner == owner
    query = select(placed.c.site, placed.c.name).where(own).order_by(placed.c.site, placed.c.name)
    pairs = tuple((row.site, row.name) for row in connection.execute(query))
    connection.execute(update(placed).where(own).values(owner=to, version=placed.c.version + 1))
    return pairs


def _read(row: Row[Any]) -> PlacedCollector:
    with unreadable("E124", "a placed collector", row.site):
        reason = None if row.reason is None else dict(json.loads(row.reason))
        document = read_placed(json.loads(row.document), archived=True)
    return PlacedCollector(
        row.site, row.name, row.owner, row.state, document, row.write_key, row.version, reason
    )
