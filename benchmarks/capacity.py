"""What 1 million, 100 million and 1,000 million events a day need: reckoned, and in part simulated.

    scripts/benchmark capacity [--events 1e6 1e8 1e9] [--batch 3] [--away 3600]

Nothing is run. `Measured` has what was, and by which benchmark, on two cores of a shared virtual
machine; `Assumed` what nobody can measure here. What one machine can do is multiplied; how spools
fill while ClickHouse is away is simulated second by second, over a day whose traffic rises and
falls.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from askfirst_collector.store.clickhouse import slices

DAY = 86_400


@dataclass(frozen=True)
class Measured:
    """Seconds of CPU, bytes, and rates of one process."""

    request: float = 206e-6  # `events`: 232 µs for one event, 30 µs each in batches of 50
    event: float = 26e-6
    grant: float = 333e-6  # `ledger --grants 1000`, of 64 callers at once, with its receipt
    grants_a_second: int = 2_058  # the same; 241 one after the other, each waits for the disk
    ledger_bytes: int = 1_200  # in ledger.db, of a grant
    grant_written: int = 32_600
    move: float = 28e-6  # `clickhouse`: of the process that moves, and of the engine
    engine: float = 4e-6
    moved_a_second: int = 8_400  # the slowest turn, beside other work
    spool_written: int = 450
    moving_written: int = 470
    engine_written: int = 28
    row_bytes: int = 15  # in ClickHouse, of 10 million rows; 87 in events.db
    sqlite_row_bytes: int = 87
    # CPU of 10 million rows of one day: of the engine and the process, and with events.db; in turn,
    # beside other work.
    close_row: float = 1.2e-6
    close_sqlite_row: float = 6.7e-6
    close_bytes: int = 125  # memory of the engine and the process, of a row
    close_together: int = slices.ROWS  # rows that are asked of at once
    waiting_bytes: int = 420  # of an event in a spool
    spool_cap: int = 64_000_000  # as the collector has it


@dataclass(frozen=True)
class Assumed:
    """What differs from host to host."""

    batch: float = 3  # events in one request
    per_visitor: float = 8  # events of a visitor and day
    granted: float = 0.1  # visitors of a day who answer on that day
    peak: float = 3  # times the mean, at the busiest
    busy: float = 0.5  # share of a core that is used at the peak, so that nobody waits
    cores: int = 8  # of a machine, one process each
    days: int = 1  # that a period has
    kept_days: int = 30  # that rows are kept after, as the fullest ready-made policy says
    merges: float = 4  # times that ClickHouse writes a row again
    largest: float = 0.2  # of all events that one purpose of one site has
    away: int = 3_600  # seconds that ClickHouse is away, at the peak


@dataclass(frozen=True)
class Need:
    """What so many events a day need."""

    peak: float  # events a second
    cores: float
    machines: int
    grants_a_second: float
    mover_share: float  # of what one process moves
    rows_open: float  # bytes
    rows_kept: float
    ledger_a_year: float
    written_a_day: float
    close_seconds: float
    close_memory: float
    sqlite_seconds: float
    full_after: float  # seconds until spools are full; inf where they never are
    waits: float  # bytes at most
    caught_up: float  # seconds after ClickHouse is back


def traffic(events: float, assumed: Assumed, second: int) -> float:
    """Events in a second of a day whose busiest moment is noon."""
    wave = (1 + math.cos(2 * math.pi * (second / DAY - 0.5))) / 2
    return float(events / DAY * assumed.peak * wave ** _exponent(assumed.peak))


@lru_cache
def _exponent(peak: float) -> float:
    """By halving: the power at which the mean of a day is 1 / `peak` of its top."""
    low, high = 0.0, 1_000.0
    for _ in range(60):
        middle = (low + high) / 2
        mean = (
            sum(((1 + math.cos(2 * math.pi * n / 1_000)) / 2) ** middle for n in range(1_000))
            / 1_000
        )
        low, high = (middle, high) if mean > 1 / peak else (low, middle)
    return low


def need(events: float, measured: Measured, assumed: Assumed) -> Need:
    """What so many events a day need."""
    peak = events / DAY * assumed.peak
    visitors = events / assumed.per_visitor
    grants = visitors * assumed.granted
    grants_at_peak = grants / DAY * assumed.peak
    each = measured.request / assumed.batch + measured.event + measured.move
    cores = (peak * each + grants_at_peak * measured.grant) / assumed.busy
    machines = math.ceil(cores / assumed.cores)
    processes = max(1, min(machines * assumed.cores, math.ceil(cores)))
    full_after, waits, caught_up = away(events, measured, assumed, processes)
    largest = events * assumed.largest * assumed.days
    written = (
        measured.spool_written
        + measured.moving_written
        + measured.engine_written * (1 + assumed.merges)
    )
    return Need(
        peak,
        cores,
        machines,
        grants_at_peak,
        peak / measured.moved_a_second,
        events * assumed.days * measured.row_bytes * 2,
        events * assumed.kept_days * measured.row_bytes * 2,
        grants * 365 * measured.ledger_bytes,
        events * written + grants * measured.grant_written,
        largest * measured.close_row,
        min(largest, measured.close_together) * measured.close_bytes,
        largest * measured.close_sqlite_row,
        full_after,
        waits,
        caught_up,
    )


def away(
    events: float, measured: Measured, assumed: Assumed, processes: int
) -> tuple[float, float, float]:
    """ClickHouse is away from noon on: when spools are full, how much waits, when it is moved.

    One process a machine moves, each its own spools.
    """
    room = processes * measured.spool_cap
    movers = math.ceil(processes / assumed.cores)
    waiting = most = 0.0
    full_after = math.inf
    for second in range(DAY):
        at = DAY // 2 + second
        comes = traffic(events, assumed, at % DAY) * measured.waiting_bytes
        is_away = second < assumed.away
        moved = 0.0 if is_away else movers * measured.moved_a_second * measured.waiting_bytes
        waiting = max(0.0, waiting + comes - moved)
        if waiting > room:
            full_after = min(full_after, second)
            waiting = room
        most = max(most, waiting)
        if not is_away and waiting == 0:
            return full_after, most, second - assumed.away
    return full_after, most, math.inf


def lines(counts: Sequence[float], measured: Measured, assumed: Assumed) -> list[str]:
    """A table in Markdown: a column for each number of events a day."""
    needs = [need(count, measured, assumed) for count in counts]
    rows: list[tuple[str, list[str]]] = [
        ("events a second, at the peak", [f"{one.peak:,.0f}" for one in needs]),
        ("grants a second, at the peak", [f"{one.grants_a_second:,.1f}" for one in needs]),
        (f"cores, {assumed.busy:.0%} of each used", [f"{one.cores:,.1f}" for one in needs]),
        (f"machines of {assumed.cores} cores", [f"{one.machines:,}" for one in needs]),
        ("of what one process moves to ClickHouse", [f"{one.mover_share:.0%}" for one in needs]),
        ("open rows in ClickHouse", [_bytes(one.rows_open) for one in needs]),
        (f"rows kept for {assumed.kept_days} days", [_bytes(one.rows_kept) for one in needs]),
        ("`ledger.db`, a year", [_bytes(one.ledger_a_year) for one in needs]),
        ("written a day", [_bytes(one.written_a_day) for one in needs]),
        ("closing the largest purpose", [_time(one.close_seconds) for one in needs]),
        ("the same in `events.db`", [_time(one.sqlite_seconds) for one in needs]),
        ("memory for that", [_bytes(one.close_memory) for one in needs]),
        (f"ClickHouse away for {_time(assumed.away)}: waits", [_bytes(one.waits) for one in needs]),
        ("… 503 after", [_time(one.full_after) for one in needs]),
        ("… all moved, once it is back, after", [_time(one.caught_up) for one in needs]),
    ]
    head = " | ".join(f"{count / 1e6:,.0f} M events a day" for count in counts)
    return [
        f"| | {head} |",
        f"|---|{'---:|' * len(counts)}",
        *(f"| {name} | {' | '.join(values)} |" for name, values in rows),
    ]


def _bytes(number: float) -> str:
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number / 1e3:,.0f} kB"


def _time(seconds: float) -> str:
    if math.isinf(seconds):
        return "never"
    if seconds < 90:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 5_400 else f"{seconds / 3_600:,.1f} h"


def main() -> None:
    """Print the table."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--events", type=float, nargs="+", default=[1e6, 1e8, 1e9])
    reading.add_argument("--batch", type=float, default=Assumed.batch)
    reading.add_argument("--away", type=int, default=Assumed.away)
    wanted = reading.parse_args()
    assumed = Assumed(batch=wanted.batch, away=wanted.away)
    print("\n".join(lines(wanted.events, Measured(), assumed)))


if __name__ == "__main__":
    main()
