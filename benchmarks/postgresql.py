"""Grants with the ledger in PostgreSQL beside one in a file: each way in turn, on one machine.

    scripts/benchmark postgresql URL [--grants 300] [--rounds 3]

URL is an empty database. Grants are recorded with their receipts: one after another, where each
waits for a commit, and by 32 who wait together. CPU is this process's: the server's is its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.ledger import POLICY

from askfirst.client import Decision
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.usecases.record_consent import record_now

TOGETHER = 32
LOOKS = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--grants", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        stores = {
            "ledger.db": opened(Path(folder, "file"), None),
            "PostgreSQL": opened(Path(folder, "server"), options.url),
        }
        ways: dict[str, Callable[[Services], None]] = {
            "grants, one after another": lambda parts: one_by_one(parts, options.grants),
            f"grants, {TOGETHER} at once": lambda parts: together(parts, options.grants),
            "looks whether it changed": look,
        }
        counts = [options.grants, options.grants, LOOKS]
        for (way, work), count in zip(ways.items(), counts, strict=True):
            samples: dict[str, list[tuple[float, float]]] = {name: [] for name in stores}
            for _ in range(options.rounds):
                for name, parts in stores.items():
                    start, cpu = time.perf_counter(), time.process_time()
                    work(parts)
                    used = time.process_time() - cpu
                    samples[name].append((time.perf_counter() - start, used))
            for name, seconds in samples.items():
                rate = count / statistics.median(wall for wall, _ in seconds)
                used = statistics.median(used for _, used in seconds) / count * 1e6
                print(f"{way:28}  {name:10}  {rate:8,.0f} a second  {used:6,.0f} µs of CPU")
        for parts in stores.values():
            close_services(parts)


def opened(folder: Path, url: str | None) -> Services:
    """A collector with one site."""
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom, ledger=url)
    parts.registry.publish(POLICY)
    return parts


def grant(parts: Services, _number: int) -> None:
    """One new visitor agrees."""
    handle = os.urandom(32).hex()
    record_now(parts, Decision("shop", handle, POLICY.hash, "en", "accept_all", {}, False, False))


def one_by_one(parts: Services, count: int) -> None:
    for number in range(count):
        grant(parts, number)


def together(parts: Services, count: int) -> None:
    with ThreadPoolExecutor(TOGETHER) as pool:
        list(pool.map(lambda number: grant(parts, number), range(count)))


def look(parts: Services) -> None:
    for _ in range(LOOKS):
        parts.watch.version()


if __name__ == "__main__":
    main()
