"""Time a page of the dashboard takes after a year of closed days.

    python benchmarks/dashboard.py [--days 365] [--rounds 15]

In-process ASGI calls by a signed-in member, dates over the whole year; the disclosed tables have
about 240 cells a day, as those of a site with 300 pages and visitors from 30 countries have.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import httpx

from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.closing import disclosed
from askfirst_collector.closing.cells import Cell
from askfirst_collector.closing.disclosure import Disclosed
from askfirst_collector.closing.snapshot import read_snapshot  # noqa: F401 - its table
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.opening import close_parts, open_parts
from askfirst_collector.registry.members import Members
from askfirst_collector.store.database import writing
from askfirst_collector.store.events import PeriodKey

TODAY = date(2026, 11, 22)
PAGES = ("", "/pages", "/referrers", "/countries", "/browsers", "/hours", "/answers", "/policy")


def cells(chance: Random, day: str) -> list[Cell]:
    """The cells of one day."""
    found: list[Cell] = []

    def add(table: str, *path: str) -> None:
        visitors = 5 * chance.randint(1, 60)
        found.append(Cell(table, path, "value", visitors, visitors * 2))

    for section in range(12):
        add("page", f"/s{section}")
        for page in chance.sample(range(25), 8):
            add("page", f"/s{section}", f"/s{section}/p{page}")
    for country in chance.sample([f"{a}{b}" for a in "ABCDE" for b in "EFGRSZ"], 14):
        add("ip", country)
    for channel in ("search", "social", "other", "direct", "internal"):
        add("referrer", channel)
        for site in chance.sample(range(12), 5):
            add("referrer", channel, f"site{site}.example")
    for hour in range(24):
        add("time", day, f"{hour:02d}")
    for table, count in (("browser", 8), ("os", 6), ("screen", 3), ("language", 10), ("action", 5)):
        for value in range(count):
            add(table, f"value{value}")
    for what in ("granted", "changed", "withdrawn"):
        add("consent", what)
        add("consent", what, "1")
    return found


async def measure(folder: Path, days: int, rounds: int) -> None:
    """Fill the year, then ask for every page several times."""
    now = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC).timestamp()
    clock = [now - days * 86_400]
    parts = open_parts(folder, host_policy=None, now=lambda: clock[0], urandom=os.urandom)
    app = host_app(parts)
    members = Members(parts.engine, now=lambda: clock[0], urandom=os.urandom)
    parts.registry.publish(read_policy({**shipped("standard").document, "site": "shop"}))
    chance = Random(1)
    with writing(parts.engine) as connection:
        for back in range(days, 0, -1):
            day = (TODAY - timedelta(days=back)).isoformat()
            found = Disclosed(400, 900, tuple(cells(chance, day)))
            key = PeriodKey("shop", "", "statistics", "day", day)
            disclosed.write(connection, key, found, size=5, expires=2**31, settled=True)
    clock[0] = now
    transport = httpx.ASGITransport(app, root_path="/askfirst/host")
    async with httpx.AsyncClient(
        transport=transport,
        base_url="https://shop.example/askfirst/host",
        headers={"sec-fetch-site": "same-origin"},
    ) as client:
        words = "only for measuring"
        form = {"token": members.new_link(), "name": "ada", "password": words, "again": words}
        await client.post("/setup", data=form)
        dates = {"from": (TODAY - timedelta(days=days)).isoformat(), "to": TODAY.isoformat()}
        for page in PAGES:
            wall, cpu = [], []
            for _ in range(rounds):
                began, began_cpu = time.perf_counter(), time.process_time()
                answer = await client.get(f"/sites/shop{page}", params=dates)
                wall.append(time.perf_counter() - began)
                cpu.append(time.process_time() - began_cpu)
                assert answer.status_code == 200, answer.text
            print(
                f"{page or '(overview)':12} {statistics.median(wall) * 1000:6.1f} ms median, "
                f"{statistics.median(cpu) * 1000:6.1f} ms CPU, {len(answer.content):7,} bytes"
            )
    close_parts(parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(Path(name) / "data", options.days, options.rounds))
