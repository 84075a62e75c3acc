"""What a site owner sees of a month, and how long figures so far take.

    scripts/benchmark figures [--rows 1000000 10000000] [--beside 100]

A blog of 41 pages with 12, 60, 200 and 2,000 agreeing visitors a day, closed by month: how many
pages and referrers have a figure after 3, 8 and 28 days and once it has closed, and how far the
figures of pages are off. Then one look at an open month of so many rows, each. With `--beside` so
many single posts a second go on over the same folder, in processes of their own: how long those
take that answer is measured before the look and during it, each from when it was due.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import resource
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn
from benchmarks.events import World, collecting, requests

from askfirst.client import Decision
from askfirst.terms.attributes import Value
from askfirst_collector.closing.calendar import asked_of
from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.so_far import count_day, count_days
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.usecases.record_consent import record_now
from tests.unit.closing.blog import DAYS, MONTH, Blog
from tests.unit.closing.house import key_of
from tests.unit.closing.test_blog import blog, mean_error, names

PER_VISITOR = 2.0  # page views, roughly
CONNECTIONS = 16  # that posts take turns on
BEFORE = 10  # seconds of posts before the look
SPAWN = multiprocessing.get_context("spawn")  # databases are open here: nothing may be forked


def month(visitors: int) -> None:
    """A month of a blog, looked at daily."""
    with tempfile.TemporaryDirectory() as folder, blog(Path(folder) / "data", visitors) as site:
        line = [f"{visitors:>6,} a day:"]
        for number in range(1, DAYS + 1):
            site.day(number)
            site.end(number)
            count_days(site.parts, site.clock.now)
            if number in (3, 8, DAYS):
                line.append(f"day {number}: {names(site.parts)}")
        line.append(f"off by {mean_error(site):.1f} so far")
        site.clock.now = IN_UTC.start_of("2026-12-01") + 600
        close_due(site.parts, site.clock.now)
        line.append(f"closed: {names(site.parts)}, off by {mean_error(site):.1f}")
    print("; ".join(line), flush=True)


class Forgotten(dict[tuple[str, Value], set[bytes]]):
    """Who is in which cell, which nobody asks for: of millions it would not fit into memory."""

    def setdefault(self, _key: tuple[str, Value], value: set[bytes], /) -> set[bytes]:  # type: ignore[override]
        """The set that is thrown away."""
        return value


def serve(listening: socket.socket, folder: str, begun: float) -> None:
    """A worker of the site over the same folder, whose clock began at `begun`."""
    ahead = begun - time.time()
    app = collecting(folder, "shop", now=lambda: time.time() + ahead, jobs=False)
    config = uvicorn.Config(app, access_log=False, log_level="critical", lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


def post(port: int, rate: float, answers: Connection) -> None:
    """Post at this rate, until something comes back: when each was due, and how long it took."""

    async def one(own: int, waits: list[tuple[float, float]]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        stream, every = requests(1, own, World()), CONNECTIONS / rate
        due = time.time() + own / rate
        while not answers.poll():
            await asyncio.sleep(max(0.0, due - time.time()))
            writer.write(next(stream))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 202"):
                raise SystemExit(f"not stored: {head!r}")
            waits.append((due, time.time() - due))
            if len(waits) == 1:
                answers.send("begun")
            due += every
        writer.close()

    async def all_of_them() -> list[tuple[float, float]]:
        waits: list[tuple[float, float]] = []
        await asyncio.gather(*(one(own, waits) for own in range(CONNECTIONS)))
        return waits

    answers.send(asyncio.run(all_of_them()))


@contextmanager
def posts(site: Blog, folder: Path, rate: float) -> Iterator[None]:
    """Posts that go on while figures are made; what was measured of them is printed."""
    if not rate:
        yield
        return
    known = site.parts.registry.site("shop")
    assert known is not None
    for handle in map(World().handle, range(World.visitors)):
        edition = known.editions.current.hash
        decision = Decision("shop", handle, edition, "en", "accept_all", {}, True, False)
        record_now(site.parts, decision)
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    port = listening.getsockname()[1]
    here, there = SPAWN.Pipe()
    server = SPAWN.Process(target=serve, args=(listening, str(folder), site.clock.now), daemon=True)
    sender = SPAWN.Process(target=post, args=(port, rate, there), daemon=True)
    server.start()
    sender.start()
    here.recv()
    time.sleep(BEFORE)
    began = time.time()
    try:
        yield
    finally:
        ended = time.time()
        here.send("enough")
        waits = here.recv()
        sender.join()
        server.terminate()
        server.join()
    spans = {"before": (began - BEFORE + 1, began), "during": (began, ended)}
    for name, (since, until) in spans.items():
        own = [wait for due, wait in waits if since <= due < until]
        cuts = statistics.quantiles(own * 2 or [0.0, 0.0], n=100)
        print(
            f"  posts {name}: {len(own)}, {cuts[49] * 1e3:.1f} ms median, {cuts[98] * 1e3:.0f} p99"
        )


def look(rows: int, rate: float) -> None:
    """One look at an open month, and what it does to posts at this rate, if any."""
    key = key_of(MONTH, "month")
    visitors = int(rows / PER_VISITOR)
    with tempfile.TemporaryDirectory() as folder, blog(Path(folder) / "data", visitors) as site:
        site.truth = Forgotten()
        site.day(1)
        site.end(1)
        registered = site.parts.registry.site("shop")
        terms = None if registered is None else asked_of(registered, key)
        assert terms is not None
        count = site.parts.events.counts(key).rows
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with posts(site, Path(folder) / "data", rate):
            started, cpu = time.perf_counter(), time.process_time()
            count_day(site.parts, key, terms, MONTH)
            took, used = time.perf_counter() - started, time.process_time() - cpu
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"figures so far of {count:,} rows: {took:.1f} s ({used:.1f} s of CPU),"
            f" memory {before // 1024} -> {after // 1024} MB"
        )


def main() -> None:
    """Four months, one look."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    reading.add_argument("--looks", action="store_true", help="leave the four months out")
    reading.add_argument("--beside", type=float, default=0, help="posts a second, beside the look")
    wanted = reading.parse_args()
    logging.disable(logging.CRITICAL)
    for visitors in () if wanted.looks else (12, 60, 200, 2_000):
        month(visitors)
    for rows in wanted.rows:
        look(rows, wanted.beside)


if __name__ == "__main__":
    main()
