"""Two machines over one PostgreSQL and one ClickHouse: grants, each hop, withdrawals, many sites.

    scripts/benchmark machines LEDGER EVENTS SALTS [--grants 300] [--rounds 3]
        [--sites 1000]

LEDGER, EVENTS and SALTS are addresses of empty databases; `machines=many` is added. Both machines
are in this process, so that what is measured is one core of Python beside the servers. CPU is
this process's. Run it where nothing else runs: figures a second are by the clock on the wall.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.ledger import POLICY
from benchmarks.postgresql import LOOKS, TOGETHER, one_by_one, together
from msgspec.structs import replace

from askfirst.client import Decision
from askfirst.terms.policy import read_policy
from askfirst_collector.config import Folder
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.clickhouse.events import ClickHouseEvents
from askfirst_collector.store.events import Authorized, Batch, Row
from askfirst_collector.usecases.record_consent import record_now
from tests.system.adversary.world import World, site_policy

ROWS = 10_000  # in the lots that are moved
_ROW = Row(
    *("shop", "", "statistics", "day", "2999-01-01", "page_view"),
    {"page": ("/", "/a"), "time": ("2999-01-01", "10")},
    *(b"p" * 32, 5, 365, 0),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger")
    parser.add_argument("events")
    parser.add_argument("salts")
    parser.add_argument("--grants", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sites", type=int, default=1000)
    options = parser.parse_args()
    mark = "&" if "?" in options.ledger else "?"
    addresses = {
        "ledger": f"{options.ledger}{mark}machines=many",
        "events": options.events,
        "salts": options.salts,
    }
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        one, two = (opened(folder / place, addresses) for place in ("one", "two"))
        is_over = threading.Event()
        caller = threading.Thread(target=answer_calls, args=(two, is_over))
        caller.start()
        try:
            grants(one, two, options.grants, options.rounds)
            hops(one, options.rounds)
            withdrawals(one, two, options.grants)
        finally:
            is_over.set()
            caller.join()
            close_services(one)
            close_services(two)
        if options.sites:
            asyncio.run(sites(folder / "three", addresses, options.sites, options.rounds))


def opened(data: Path, addresses: dict[str, str]) -> Services:
    """A machine with one site."""
    parts = open_services(data, host_policy=None, now=time.time, urandom=os.urandom, **addresses)
    parts.registry.publish(POLICY)
    return parts


def answer_calls(parts: Services, is_over: threading.Event) -> None:
    while not is_over.wait(0.01):
        parts.events.answer_call()


def report(name: str, count: int, rounds: int, work: Callable[[], object]) -> None:
    """The medians of some rounds of `work`, which does `count` of something."""
    walls, used = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append((time.perf_counter() - wall) / count)
        used.append((time.process_time() - cpu) / count)
    say(name, statistics.median(walls), statistics.median(used))


def say(name: str, wall: float, cpu: float) -> None:
    """One line; both are in seconds."""
    times = f"{wall * 1e6:10,.0f} µs {cpu * 1e6:9,.0f} µs of CPU"
    print(f"{name:44} {1 / wall:10,.0f} a second {times}", flush=True)


def grants(one: Services, two: Services, count: int, rounds: int) -> None:
    """One after another, 32 at once, and the same on both machines."""
    report("grants, one after another", count, rounds, lambda: one_by_one(one, count))
    report(f"grants, {TOGETHER} at once", count, rounds, lambda: together(one, count))

    def both() -> None:
        threads = [threading.Thread(target=together, args=(p, count)) for p in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    report(f"grants, {TOGETHER} at once on each of two", 2 * count, rounds, both)


def hops(parts: Services, rounds: int) -> None:
    """What each question costs that an event, or a lot, has to ask elsewhere."""
    events = parts.events
    assert isinstance(events, ClickHouseEvents)
    index, server = events.file.index, events.file.server
    few = LOOKS // 10
    report(
        "look whether the ledger changed", LOOKS, rounds, lambda: _often(parts.watch.version, LOOKS)
    )
    report("look which periods are sealed", few, rounds, lambda: _often(index.generation, few))
    report(
        "ask ClickHouse for a number",
        few,
        rounds,
        lambda: _often(lambda: server.count("SELECT 1"), few),
    )
    handle = os.urandom(32).hex()
    _, entry = record_now_of(parts, handle)
    judged = Authorized("shop", handle, entry)
    report(
        "accept a batch by itself",
        few,
        rounds,
        lambda: _often(lambda: accept(parts, judged, 1), few),
    )
    events.drain()

    def move() -> None:
        asyncio.run(_accept_all(parts, judged, ROWS // 100, 100))
        began = time.perf_counter(), time.process_time()
        events.drain()
        spent.append((time.perf_counter() - began[0], time.process_time() - began[1]))

    spent: list[tuple[float, float]] = []
    for _ in range(rounds):
        move()
    wall = statistics.median(pair[0] for pair in spent) / ROWS
    cpu = statistics.median(pair[1] for pair in spent) / ROWS
    say(f"move a row, {ROWS:,} at once", wall, cpu)
    report("call the other machine, and wait", 20, rounds, lambda: _often(events.gather, 20))


def record_now_of(parts: Services, handle: str) -> tuple[object, int]:
    answer = record_now(
        parts, Decision("shop", handle, POLICY.hash, "en", "accept_all", {}, False, False)
    )
    latest = parts.ledger.latest("shop", handle)
    assert latest is not None
    return answer, latest.index


def batch(judged: Authorized, parts: Services, rows: int) -> Batch:
    day = int(parts.now()) // 86_400
    own = tuple(replace(_ROW, pseudonym=os.urandom(32)) for _ in range(rows))
    return Batch(judged, day, os.urandom(16), own, b"{}")


def accept(parts: Services, judged: Authorized, rows: int) -> None:
    asyncio.run(parts.events.append(batch(judged, parts, rows)))


async def _accept_all(parts: Services, judged: Authorized, count: int, rows: int) -> None:
    await asyncio.gather(*(parts.events.append(batch(judged, parts, rows)) for _ in range(count)))


def _often(work: Callable[[], object], count: int) -> None:
    for _ in range(count):
        work()


def withdrawals(one: Services, two: Services, count: int) -> None:
    """From the answer of one machine until the other knows."""
    late, took = 0, []
    for _ in range(count):
        handle = os.urandom(32).hex()
        record_now_of(one, handle)
        two.ledger.consent_status("shop", handle)
        record_now(one, Decision("shop", handle, POLICY.hash, "en", "withdraw", {}, False, False))
        began = time.perf_counter()
        while not (status := two.ledger.consent_status("shop", handle)) or not status.ended:
            late += 1
        took.append((time.perf_counter() - began) * 1e3)
    took.sort()
    print(
        f"{count} withdrawals, known to the other machine after {statistics.median(took):.2f} ms"
        f" (at most {took[-1]:.2f}); looks that came too early: {late}"
    )


def noted(data: Path, addresses: dict[str, str]) -> None:
    """Have a folder find its servers by itself."""
    data.mkdir()
    folder = Folder(data)
    folder.place_ledger(addresses["ledger"])
    folder.place_events(addresses["events"])
    folder.place_salts(addresses["salts"])


async def sites(data: Path, addresses: dict[str, str], count: int, rounds: int) -> None:
    """The page of all sites, on a third machine."""
    noted(data, addresses)
    world = World(data, site_policy())
    await world.open()
    parts = world.collector.parts()
    document = dict(POLICY.document)
    for number in range(count - 2):
        origin = f"https://s{number}.example"
        parts.registry.publish(read_policy({**document, "site": f"s{number}", "origins": [origin]}))
    for path in ("/askfirst/host/sites", "/askfirst/host/sites?page=2"):
        walls, used = [], []
        for _ in range(rounds + 1):
            wall, cpu = time.perf_counter(), time.process_time()
            answer = await world.ask(world.admin, "GET", path)
            walls.append((time.perf_counter() - wall) * 1e3)
            used.append((time.process_time() - cpu) * 1e3)
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status}")
        print(
            f"{path} of {count:,} sites: first {walls[0]:,.0f} ms, then"
            f" {statistics.median(walls[1:]):,.1f} ms, CPU {statistics.median(used[1:]):,.1f} ms"
        )
    await world.aclose()


if __name__ == "__main__":
    main()
