"""What a row takes that is accepted and moved, by how many are in its period already.

    scripts/benchmark moving [--there 0 1e6 1e7] [--rows 128000] [--together 30]

Rows are accepted in groups of `--together`, as those of callers who wait for one commit, each in a
batch of its own, and moved when as many wait as the collector moves at once. A visitor has eight.
What is there already is put into the tables at once, as that many would lie there. The folder is
below the current one, so that the disk is the machine's; bytes and CPU are the kernel's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from askfirst_collector.store.events import Authorized, Batch, Row
from askfirst_collector.store.events_file import TOGETHER
from askfirst_collector.store.kept_answers import RUN, put_away
from askfirst_collector.store.sqlite import SqliteEvents

DAY = 20_787
EACH = 8  # rows of a visitor
AT_ONCE = 200  # visitors who are there
SPREAD = 4  # places from one row to the next
ANSWER = b'{"stored":1,"dropped":[]}'
JUDGED = Authorized("example", "h" * 64, 1)


def rows(drawn: random.Random) -> Iterator[Row]:
    """Page views without end."""
    present = [drawn.randbytes(16) for _ in range(AT_ONCE)]
    while True:
        place = drawn.randrange(AT_ONCE)
        if drawn.random() < 1 / EACH:
            present[place] = drawn.randbytes(16)
        values = {
            "page": ("shop", drawn.choice("abcdefgh"), drawn.choice("klmnopqr")),
            "time": ("2026-11-30", "21"),
            "screen": ("desktop",),
            "browser": ("Firefox", str(drawn.randrange(60, 140))),
            "os": ("Windows", "10"),
            "language": ("en",),
        }
        terms = ("example", "", "statistics", "day", "2026-11-30", "page_view")
        yield Row(*terms, values, present[place], 10, 365, 0)


async def accept(store: SqliteEvents, some: Sequence[Row], together: int) -> None:
    """Answered as the callers who wait for one commit are, group after group."""
    for start in range(0, len(some), together):
        group = some[start : start + together]
        batches = (Batch(JUDGED, DAY, os.urandom(16), (row,), ANSWER, ()) for row in group)
        await asyncio.gather(*map(store.append, batches))


def fill(path: Path, count: int) -> None:
    """As many rows, visitors and answers as `count` events leave."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for pragma in ("synchronous=OFF", "cache_size=-400000"):
            file.execute(f"PRAGMA {pragma}")
        period, *codes = file.execute("SELECT * FROM event LIMIT 1").fetchone()[1:]
        start = file.execute("SELECT MAX(id) FROM event").fetchone()[0] + 1
        places = range(start, start + count * SPREAD, SPREAD)
        visitors = sorted((os.urandom(16), place) for place in places[::EACH])
        file.execute("BEGIN")
        file.executemany("INSERT INTO visitor VALUES (?, ?, ?)", ((period, *v) for v in visitors))
        del visitors
        marks = ", ".join("?" * (3 + len(codes[1:])))
        events = ((p, period, places[n // EACH * EACH], *codes[1:]) for n, p in enumerate(places))
        file.executemany(f"INSERT INTO event VALUES ({marks})", events)
        for start in range(0, count, RUN):
            keys = [os.urandom(16) for _ in range(min(RUN, count - start))]
            put_away(file, {(DAY, key): ANSWER for key in keys})
        file.execute("COMMIT")
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    os.sync()


def written() -> int:
    """Bytes that this process had written to the disk so far."""
    lines = map(str.split, Path("/proc/self/io").read_text().splitlines())
    return sum(int(words[1]) for words in lines if words[0] == "write_bytes:")


def measure(folder: Path, there: int, count: int, together: int) -> None:
    """Print what one row took."""
    path, stream = folder / "events.db", rows(random.Random(1))
    with closing(SqliteEvents(path, ended=lambda _: frozenset())) as store:
        asyncio.run(accept(store, [*islice(stream, 1_000)], together))
        store.drain()
    if there:
        fill(path, there)
    with closing(SqliteEvents(path, ended=lambda _: frozenset())) as store:
        asyncio.run(accept(store, [*islice(stream, 1_000)], together))
        store.drain()
        began = written()
        bytes_moving = moving = accepting = 0.0
        turns = max(1, round(count / TOGETHER))
        for _ in range(turns):
            some = [*islice(stream, TOGETHER)]
            spent = time.process_time()
            asyncio.run(accept(store, some, together))
            before, now = written(), time.process_time()
            store.drain()
            accepting += now - spent
            moving += time.process_time() - now
            bytes_moving += written() - before
        count = turns * TOGETHER
        print(
            f"{there:10,} rows there: {(written() - began) / count:5.0f} bytes written a row, "
            f"{bytes_moving / count:5.0f} of them by moving; "
            f"{accepting / count * 1e6:.1f} µs to accept, {moving / count * 1e6:.1f} µs to move"
        )


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--there", type=float, nargs="+", default=[0, 1e6, 1e7])
    reading.add_argument("--rows", type=int, default=128_000)
    reading.add_argument("--together", type=int, default=30)
    wanted = reading.parse_args()
    for there in wanted.there:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            measure(Path(folder), int(there), wanted.rows, wanted.together)


if __name__ == "__main__":
    main()
