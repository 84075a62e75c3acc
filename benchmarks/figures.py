"""What a site owner sees of a month, and how long figures so far take.

    scripts/benchmark figures [--rows 1000000 10000000]

A blog of 41 pages with 12, 60, 200 and 2,000 agreeing visitors a day, closed by month: how many
pages and referrers have a figure after 3, 8 and 28 days and once it has closed, and how far the
figures of pages are off. Then one look at an open month of so many rows, each.
"""

from __future__ import annotations

import argparse
import logging
import resource
import tempfile
import time
from pathlib import Path

from askfirst.terms.attributes import Value
from askfirst_collector.closing.calendar import asked_of
from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.so_far import count_day, count_days
from askfirst_collector.store.periods import IN_UTC
from tests.unit.closing.blog import DAYS, MONTH
from tests.unit.closing.house import key_of
from tests.unit.closing.test_blog import blog, mean_error, names

PER_VISITOR = 2.0  # page views, roughly


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


def look(rows: int) -> None:
    """One look at an open month."""
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
    wanted = reading.parse_args()
    logging.disable(logging.CRITICAL)
    for visitors in () if wanted.looks else (12, 60, 200, 2_000):
        month(visitors)
    for rows in wanted.rows:
        look(rows)


if __name__ == "__main__":
    main()
