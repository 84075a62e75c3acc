"""Memory of one worker: before, and after many events of many visitors.

    scripts/benchmark worker [--events 50000] [--visitors 5000]

The whole of it in one process: gate, observation, event store. Agents are told apart, pages too,
so that every cache there is fills up.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import tempfile
from pathlib import Path

from tests.support.whole import Visitor, view
from tests.system.adversary.world import World, site_policy

TOGETHER = 64  # requests that wait at once


def resident() -> float:
    """Megabytes of this process that are in memory now."""
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this system does not say")


async def measure(folder: Path, events: int, visitors: int) -> None:
    """Grants, then events, and the memory at each tenth."""
    draw = random.Random(1)
    world = World(folder, site_policy("full"))
    world.drawn._random = random.SystemRandom()
    await world.open()
    print(f"opened: {resident():.0f} MB")
    people = [
        Visitor(
            f"81.2.{number // 250 % 250}.{number % 250}",
            f"Mozilla/5.0 (X11; Linux x86_64; rv:{60 + number % 90}.{number % 50}) Gecko/20100101"
            f" Firefox/{60 + number % 90}.{number % 50}".encode(),
        )
        for number in range(visitors)
    ]
    for start in range(0, visitors, TOGETHER):
        await asyncio.gather(
            *(world.answer(each, {"statistics": 2}) for each in people[start : start + TOGETHER])
        )
    print(f"{visitors:,} grants: {resident():.0f} MB")
    sent = 0
    while sent < events:
        which = draw.choices(people, k=TOGETHER)
        pages = [f"/shop/{draw.choice('abcdefghij')}/{draw.randrange(5_000)}x" for _ in which]
        await asyncio.gather(
            *(world.send(each, view(page)) for each, page in zip(which, pages, strict=True))
        )
        before, sent = sent, sent + TOGETHER
        if sent * 10 // events > before * 10 // events:
            print(f"{sent:,} events: {resident():.0f} MB", flush=True)
    await world.aclose()


def main() -> None:
    """Measure in a folder of its own."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--events", type=int, default=50_000)
    reading.add_argument("--visitors", type=int, default=5_000)
    wanted = reading.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder) / "data", wanted.events, wanted.visitors))


if __name__ == "__main__":
    main()
