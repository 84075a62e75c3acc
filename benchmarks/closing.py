"""How long one process takes to close a day: `scripts/benchmark closing --events 1000000`.

The rows are put straight into the event store (with its own schema and dictionary), then closed by
`close_period`: sealed, read, disclosed, committed to the ledger, destroyed. `--keep` closes with
`keep_rows_days` 30 instead, so that the rows are lowered and kept. `--clickhouse URL` has the rows
there: `chdb` is the engine in this process, whose CPU is in what is said then.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import func, select

from askfirst.terms.attributes import Value
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.closing.calendar import asked
from askfirst_collector.closing.close import close_period
from askfirst_collector.jobs.run import JobsThread  # noqa: F401 - its tables
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed import cell
from askfirst_collector.store.events import Authorized, Batch, PeriodKey, Row
from tests.support.collectors import believe_every_batch

DAY = "2026-11-16"
NOON = 1_794_830_400.0
BATCH = 5_000
ACTIONS = ("outbound", "download", "form_sent", "not_found")
PER_VISITOR = 8  # page views, on average


def visitor_rows(number: int, draw: random.Random, keep: int) -> Iterator[Row]:
    """The rows of one visitor: one device, several pages, rare ones now and then."""
    pseudonym = draw.randbytes(32)
    device: dict[str, Value] = {
        "browser": (
            draw.choices(
                ["Chrome", "Safari", "Firefox", f"B{draw.randrange(40)}"], [60, 25, 10, 5]
            )[0],
        ),
        "os": (draw.choices(["Windows", "Android", "iOS", "Linux"], [45, 30, 20, 5])[0],),
        "screen": (draw.choice(["phone", "tablet", "desktop"]),),
        "ip": (f"C{int(draw.paretovariate(0.8)) % 200}",),
        "language": (f"l{int(draw.paretovariate(1)) % 60}",),
        "referrer": ("other", f"site{int(draw.paretovariate(0.7)) % 5000}.example"),
    }
    if draw.random() < 0.3:
        week = int(draw.paretovariate(0.7)) % 500
        device["campaign"] = ("letter", "mail", f"week {week}")
    for _ in range(1 + int(draw.expovariate(1 / (PER_VISITOR - 1)))):
        page = int(draw.paretovariate(0.6)) % 20_000
        hour = f"{draw.randrange(24):02}"
        values = {
            **device,
            "page": (f"/s{page % 40}", f"/s{page % 40}/p{page}"),
            "time": (DAY, hour),
        }
        # Every pair of the ready-made policy has rows: an event in five is an action.
        kind = "action" if draw.random() < 0.2 else "page_view"
        if kind == "action":
            values["action"] = (draw.choice(ACTIONS),)
        yield Row("bench", "", "statistics", "day", DAY, kind, values, pseudonym, 5, 365, keep)


def all_rows(events: int, keep: int) -> Iterator[Row]:
    """Rows of as many visitors as it takes."""
    draw = random.Random(1)
    made, number = 0, 0
    while made < events:
        for row in visitor_rows(number, draw, keep):
            yield row
            made += 1
            if made == events:
                return
        number += 1


def main() -> None:
    """Fill a store, close its day, say how long that took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--keep", action="store_true")
    arguments.add_argument("--clickhouse", metavar="URL")
    options = arguments.parse_args()
    clock = [NOON]
    with tempfile.TemporaryDirectory() as folder:
        url = options.clickhouse
        if url == "chdb":
            url = f"chdb://{folder}/rows"
        parts = open_services(
            Path(folder) / "data",
            host_policy=None,
            now=lambda: clock[0],
            urandom=os.urandom,
            events=url,
        )
        believe_every_batch(parts)
        document = dict(shipped("standard").document) | {"site": "bench"}
        parts.registry.publish(read_policy(document))
        site = parts.registry.site("bench")
        assert site is not None
        assert asked(site, "statistics") is not None
        started, cpu = time.perf_counter(), time.process_time()
        tenths = asyncio.run(_fill(parts, options.events, 30 if options.keep else 0))
        took, used = time.perf_counter() - started, time.process_time() - cpu
        print(f"made, accepted and moved in {took:.1f} s ({used:.1f} s of CPU), {_disk(folder)} MB")
        each = ", ".join(f"{seconds / options.events * 1e7:.1f}" for seconds in tenths)
        print(f"µs of CPU to accept and move one, by tenths of them: {each}")
        clock[0] += 86_400
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        key = PeriodKey("bench", "", "statistics", "day", DAY)
        started, cpu = time.perf_counter(), time.process_time()
        close_period(parts, key, clock[0])
        took, used = time.perf_counter() - started, time.process_time() - cpu
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with parts.engine.connect() as connection:
            cells = connection.execute(select(func.count()).select_from(cell)).scalar()
        close_services(parts)
    print(f"{options.events:,} events, {cells:,} cells")
    print(
        f"closed in {took:.2f} s ({used:.2f} s of CPU),"
        f" memory {before // 1024} -> {after // 1024} MB"
    )


def _disk(folder: str) -> int:
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return sum(path.stat().st_blocks * 512 for path in files) // 2**20


async def _fill(parts: Services, events: int, keep: int) -> list[float]:
    """Seconds of CPU that accepting and moving took, of each tenth of the events."""
    used = [0.0] * 10
    rows = all_rows(events, keep)
    for start in range(0, events, BATCH):
        batch = list(islice(rows, BATCH))
        cpu = time.process_time()
        await parts.events.append(_batch(batch))
        parts.events.drain()
        used[start * 10 // events] += time.process_time() - cpu
    return used


def _batch(rows: list[Row]) -> Batch:
    judged = Authorized("bench", "0" * 64, 0)
    return Batch(judged, int(NOON) // 86_400, os.urandom(16), tuple(rows), b"{}")


if __name__ == "__main__":
    main()
