"""Rows of a shop's visitors, and how the tests write and read them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Set
from contextlib import closing
from pathlib import Path

from askfirst.terms.attributes import ATTRIBUTES, Value
from askfirst_collector.store.events import (
    Authorized,
    Batch,
    EventStore,
    Row,
)
from askfirst_collector.store.lots import Name, read_answers
from askfirst_collector.store.schema import DIMENSIONS
from askfirst_collector.store.sqlite import SqliteEvents
from tests.support.spools import lots_in

DAY = 20_779  # 2026-11-22
JUDGED = Authorized("shop", "a" * 64, 7)
ROW = Row(
    site="shop",
    collector="",
    purpose="statistics",
    closes="day",
    period="2026-11-22",
    type="page_view",
    values={"time": ("2026-11-22", "14"), "page": ("/coffee", "/coffee/beans")},
    pseudonym=b"p" * 32,
    min_cell_size=5,
    retention_days=365,
    keep_rows_days=0,
)
EVERYTHING: dict[str, Value] = {
    "time": ("2026-11-22", "14", "05", "33"),
    **{name: tuple(f"{name}-{part}" for part in ATTRIBUTES[name].parts) for name in DIMENSIONS},
}


def batch(key: str, *rows: Row, day: int = DAY, earlier: tuple[bytes, ...] = ()) -> Batch:
    return Batch(JUDGED, day, key.encode(), rows, f"answer to {key}".encode(), earlier)


def nobody(_judged: Collection[Authorized]) -> Set[Authorized]:
    return frozenset()


def append(store: EventStore, *batches: Batch) -> list[bytes | BaseException]:
    async def together() -> list[bytes | BaseException]:
        return await asyncio.gather(*map(store.append, batches), return_exceptions=True)

    return asyncio.run(together())


def raw(folder: Path) -> bytes:
    """Every byte of the store and its spools: databases, journals and indexes; lots unpacked."""
    files = sorted(folder.rglob("events*.db*"))
    return b"".join([*(path.read_bytes() for path in files), lots_in(folder)])


def kept_answers(connection: sqlite3.Connection) -> list[Name]:
    """The batches of which a retry is recognised, by day and key."""
    of_runs = "SELECT day, key FROM answer JOIN run ON run.id = answer.run"
    names = [(day, key) for day, key in connection.execute(of_runs)]
    for (blob,) in connection.execute("SELECT answers FROM lot"):
        names += [name for name, _ in read_answers(blob)]
    return sorted(names)


def reader(store: SqliteEvents) -> closing[sqlite3.Connection]:
    """A connection as the store reads by, once everything is moved."""
    store.drain()
    return closing(store.file.connect())
