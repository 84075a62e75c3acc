"""Moving events to where rows are, and seeing them there: `events.db` and ClickHouse in turn.

    scripts/benchmark clickhouse [--events 50000] [--rounds 3] [--url http://HOST:8123/DATABASE]

Events are accepted into a spool, twenty a batch, then moved at once; CPU is that of this process.
Then single events are accepted and asked for, each at once; and one visitor is erased. Without
`--url` the engine behind its HTTP interface is started on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from benchmarks.closing import DAY, all_rows

from askfirst_collector.store.clickhouse.events import ClickHouseEvents
from askfirst_collector.store.events import Authorized, Batch, EventStore, PeriodKey, Row
from askfirst_collector.store.sqlite import SqliteEvents
from tests.system.clickhouse.engines import Face

BATCH = 20
SEEN = 30  # single events
KEY = PeriodKey("bench", "", "statistics", "day", DAY)


def batch_of(rows: tuple[Row, ...]) -> Batch:
    """One batch, of a key of its own."""
    return Batch(Authorized("bench", "0" * 64, 0), 20_773, os.urandom(16), rows, b"{}")


def turn(open_store: Callable[[], EventStore], name: str, events: int) -> None:
    """What one store takes."""
    rows = list(all_rows(events + SEEN, 0))
    with closing(open_store()) as store:
        asyncio.run(_accept(store, rows[:events]))
        started, cpu = time.perf_counter(), time.process_time()
        store.drain()
        moved, used = time.perf_counter() - started, time.process_time() - cpu
        assert store.counts(KEY).rows == events
        delays = []
        for row in rows[events:]:
            before = store.counts(KEY).rows
            started = time.perf_counter()
            asyncio.run(_accept(store, [row]))
            assert store.counts(KEY).rows == before + 1
            delays.append(time.perf_counter() - started)
        started = time.perf_counter()
        store.erase([rows[0].pseudonym or b""])
        erased = time.perf_counter() - started
    print(
        f"{name:10}  {events / moved:8,.0f} events/s moved, {used / events * 1e6:5.1f} µs of CPU"
        f" each; seen after {statistics.median(delays) * 1e3:5.1f} ms;"
        f" erased in {erased * 1e3:5.0f} ms"
    )


async def _accept(store: EventStore, rows: list[Row]) -> None:
    starts = range(0, len(rows), BATCH)
    batches = [batch_of(tuple(rows[start : start + BATCH])) for start in starts]
    remaining = iter(batches)
    while together := list(islice(remaining, 256)):
        await asyncio.gather(*map(store.append, together))


@contextmanager
def _engine(url: str | None, folder: Path) -> Iterator[Callable[[], str]]:
    if url is not None:
        yield lambda: url
    else:
        with Face(folder) as face:
            yield face.new_database


def main() -> None:
    """Turn by turn, so that what else the machine does falls on both alike."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--events", type=int, default=50_000)
    reading.add_argument("--rounds", type=int, default=3)
    reading.add_argument("--url")
    wanted = reading.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        _engine(wanted.url, Path(name) / "engine") as database,
    ):
        for number in range(wanted.rounds):
            one, other = (Path(name) / f"{kind}-{number}" for kind in ("sqlite", "clickhouse"))
            for folder in (one, other):
                folder.mkdir()

            def sqlite(folder: Path = one) -> EventStore:
                return SqliteEvents(folder / "events.db", ended=lambda _: frozenset())

            def clickhouse(folder: Path = other) -> EventStore:
                path = folder / "events.db"
                return ClickHouseEvents(path, database(), ended=lambda _: frozenset())

            turn(sqlite, "events.db", wanted.events)
            turn(clickhouse, "ClickHouse", wanted.events)


if __name__ == "__main__":
    main()
