"""How many visitors stand out alone: in open rows, in kept rows, in closed tables.

    scripts/benchmark singled_out [--visitors 10000] [--corpus ../shared/data]

Visitors are drawn by weight from the real devices of `ua/user-agents-npm` (agent, screen,
language), their countries from the test table of GeoIP2; each sees a few pages on one day, and on
one in twenty of the others where the period is a week or a month. What is stored of them is made by
`observe` under each shipped policy; a day of it is put into a real store, and closed. For state
cookies there is `benchmarks/state_cookies.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from askfirst.observe.event import Raw, observe
from askfirst.observe.location import Locator
from askfirst.terms.attributes import Value
from askfirst.terms.policy import read_policy, shipped
from askfirst.terms.terms import Terms
from askfirst_collector.closing.calendar import asked
from askfirst_collector.closing.close import close_period
from askfirst_collector.closing.k_anonymity import COMBINED
from askfirst_collector.closing.shared_rows import shared_rows
from askfirst_collector.jobs.run import JobsThread  # noqa: F401 - its tables
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed import cell, closing
from askfirst_collector.store.events import Authorized, Batch, PeriodKey, Row
from askfirst_collector.store.salts import FOREVER
from askfirst_collector.store.salts import pseudonym as make_pseudonym
from askfirst_collector.store.sqlite import SqliteEvents

DAY = "2026-11-16"
MORNING = 1_794_787_200.0
BATCH = 5_000
DAYS = {"day": 1, "week": 7, "month": 30}
AGAIN = 0.05  # that a visitor comes on another day of the period


@dataclass(frozen=True)
class Device:
    """What a visitor's browser says with every request."""

    agent: str
    language: str
    screen: tuple[int, int]
    ip: str


def devices(corpus: Path, count: int, draw: random.Random) -> list[Device]:
    """Devices as they are used: common ones often."""
    with gzip.open(corpus / "ua/user-agents-npm/user-agents-2.1.198.jsonl.gz", "rt") as lines:
        known = [json.loads(line) for line in lines]
    table = json.loads((corpus / "mmdb/expected_GeoIP2-Country-Test.json").read_text())
    places = [row["ip"] for row in table if row["country"]]
    drawn = draw.choices(known, [row["weight"] for row in known], k=count)
    return [
        Device(
            row["userAgent"],
            row["language"] or "",
            (row["screenWidth"], row["screenHeight"]),
            draw.choice(places),
        )
        for row in drawn
    ]


def rows_of(
    device: Device,
    terms: Terms,
    place: Locator,
    pseudonym: bytes,
    draw: random.Random,
    day: int = 0,
) -> Iterator[Row]:
    """The page views of one visitor on one day, as they are stored under these terms."""
    headers = {
        b"user-agent": device.agent.encode("latin-1", "replace"),
        b"accept-language": device.language.encode(),
    }
    for _ in range(1 + int(draw.expovariate(1 / 3))):
        page = int(draw.paretovariate(0.8)) % 2_000
        raw = Raw(headers, device.ip, MORNING + day * 86_400 + draw.randrange(86_400))
        event: Mapping[str, object] = {
            "type": "page_view",
            "page": f"/s{page % 20}/p{page}",
            "screen": list(device.screen),
            "referrer": draw.choice(["", "https://www.google.com", "https://news.example"]),
        }
        values = observe(raw, event, terms, place=place)
        yield Row(
            *("bench", "", "statistics", "day", DAY, "page_view"),
            values,
            pseudonym,
            terms.min_cell_size,
            terms.retention_days,
            terms.keep_rows_days,
        )


def alone(groups: Iterable[object]) -> tuple[float, float]:
    """The share of visitors whose group has one member, and of those in groups under five."""
    sizes = Counter(groups)
    total = sum(sizes.values())
    few = sum(size for size in sizes.values() if size < 5)
    return sum(size == 1 for size in sizes.values()) / total, few / total


def by_visitor(rows: Iterable[Row]) -> dict[bytes, list[Row]]:
    """The rows of each pseudonym."""
    found: dict[bytes, list[Row]] = {}
    for row in rows:
        found.setdefault(row.pseudonym or b"", []).append(row)
    return found


def device_of(row: Row) -> tuple[Value, ...]:
    """What a row says of a device."""
    return tuple(row.values.get(name, ()) for name in COMBINED)


def measure(name: str, people: list[Device], place: Locator) -> None:
    """Store a day under one shipped policy, close it, and count at each step."""
    draw = random.Random(2)
    clock = [MORNING + 43_200]
    with tempfile.TemporaryDirectory() as folder:
        parts = open_services(
            Path(folder) / "data", host_policy=None, now=lambda: clock[0], urandom=os.urandom
        )
        believe_every_batch(parts)
        parts.registry.publish(read_policy({**shipped(name).document, "site": "bench"}))
        site = parts.registry.site("bench")
        assert site is not None
        terms = asked(site, "statistics")
        assert terms is not None
        names = _names(parts, len(people), lasting=terms.scope.level("visitor") == 2)
        rows = [
            row
            for device, pseudonym in zip(people, names, strict=True)
            for row in rows_of(device, terms, place, pseudonym, draw)
        ]
        asyncio.run(_fill(parts, rows))
        key = PeriodKey("bench", "", "statistics", "day", DAY)
        _open_rows(f"{name}, a day", rows)
        for closes in ("week", "month"):
            spread = _spread(people, terms, place, names, DAYS[closes])
            _open_rows(f"{name}, a {closes}", spread)
        clock[0] += 86_400
        close_period(parts, key, clock[0])
        _closed(parts, key, terms, len(people))
        close_services(parts)


def _names(parts: Services, count: int, *, lasting: bool) -> list[bytes]:
    """A pseudonym for each visitor; those that last belong to grants, whose keys are drawn here."""
    handles = [os.urandom(32).hex() for _ in range(count)]
    keys = [os.urandom(32) for _ in handles]
    if lasting:
        with parts.salts._writing() as file:
            grants = [(handle, key, FOREVER) for handle, key in zip(handles, keys, strict=True)]
            file.executemany("INSERT INTO grant_key VALUES (?, ?, ?)", grants)
    return [
        make_pseudonym(key, "bench", "statistics", "", handle)
        for handle, key in zip(handles, keys, strict=True)
    ]


def _spread(
    people: list[Device], terms: Terms, place: Locator, names: list[bytes], days: int
) -> list[Row]:
    """The rows of a longer period: each visitor on one day, and now and then on others."""
    draw = random.Random(3)
    rows = []
    for device, pseudonym in zip(people, names, strict=True):
        first = draw.randrange(days)
        for day in range(days):
            if day == first or draw.random() < AGAIN:
                rows += rows_of(device, terms, place, pseudonym, draw, day)
    return rows


def _whole(row: Row) -> tuple[tuple[str, Value], ...]:
    return tuple(sorted(row.values.items()))


def _open_rows(name: str, rows: list[Row]) -> None:
    visitors = by_visitor(rows)
    print(f"{name}: {len(visitors):,} visitors, {len(rows):,} rows")
    device = alone(device_of(own[0]) for own in visitors.values())
    _say("open rows, by device", device)
    everything = alone(tuple(sorted(map(_whole, own))) for own in visitors.values())
    _say("open rows, by device, pages and times", everything)


def _closed(parts: Services, key: PeriodKey, terms: Terms, people: int) -> None:
    with parts.engine.connect() as connection:
        smallest, cells = connection.execute(
            select(func.min(cell.c.visitors), func.count()).where(cell.c.visitors > 0)
        ).one()
        under = connection.execute(
            select(func.count()).where(cell.c.visitors < terms.min_cell_size)
        ).scalar_one()
        total = connection.execute(select(closing.c.visitors)).scalar_one() or 0
    print(
        f"  closed tables: {cells:,} cells of {total:,} visitors, the smallest shown as {smallest};"
        f" singled out {under / people:.2%}"
    )
    kept = list(parts.events.rows(key)) if key in parts.events.periods() else []
    if not kept:
        print("  kept rows: none")
        return
    own = by_visitor(kept)
    _say("kept rows, by device", alone(device_of(found[0]) for found in own.values()))
    _say("kept rows one by one, as they lie", alone(map(_whole, kept)), "rows")
    written = shared_rows(kept, terms.min_cell_size)
    shares = alone((kind, *sorted(values.items())) for kind, values in written)
    _say("the same, as `askfirst export --rows` writes them", shares, "rows")
    parts_of = {"page": 2, "time": 1} | dict.fromkeys(COMBINED, 1)
    fine = {n: sum(len(v.get(n, ())) >= p for _, v in written) for n, p in parts_of.items()}
    left = ", ".join(f"{name} {count / len(kept):.0%}" for name, count in fine.items())
    print(f"  written: {len(written) / len(kept):.1%} of the kept rows; of all, with {left}")
    everything = alone(tuple(sorted(map(_whole, found))) for found in own.values())
    _say("kept rows joined by their pseudonym, which no export holds", everything)
    levels: Counter[str] = Counter()
    for row in kept:
        levels.update(f"{name} {len(row.values.get(name, ()))}" for name in COMBINED)
    said = ", ".join(f"{level}: {count / len(kept):.0%}" for level, count in sorted(levels.items()))
    print(f"  kept rows: {len(kept):,} of {len(own):,} visitors; parts left: {said}")


def _say(where: str, shares: tuple[float, float], what: str = "visitors") -> None:
    print(
        f"  {where}: {what} alone {shares[0]:.2%}, with fewer than four like them {shares[1]:.2%}"
    )


def believe_every_batch(parts: Services) -> None:
    """Have the event store ask no ledger about handles."""
    assert isinstance(parts.events, SqliteEvents)
    parts.events.spool._ended = parts.events.file._gone = lambda judged: frozenset()


async def _fill(parts: Services, rows: list[Row]) -> None:
    for start in range(0, len(rows), BATCH):
        batch: dict[str, Any] = {"rows": tuple(rows[start : start + BATCH]), "answer": b"{}"}
        judged = Authorized("bench", "0" * 64, 0)
        await parts.events.append(Batch(judged, 20_000, os.urandom(16), **batch))


def main() -> None:
    """Measure each shipped policy."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--visitors", type=int, default=10_000)
    reading.add_argument("--corpus", type=Path, default=Path("../shared/data"))
    wanted = reading.parse_args()
    people = devices(wanted.corpus, wanted.visitors, random.Random(1))
    place = Locator.open(wanted.corpus / "mmdb/test-data/GeoIP2-Country-Test.mmdb")
    for name in ("minimal", "standard", "full"):
        measure(name, people, place)


if __name__ == "__main__":
    main()
