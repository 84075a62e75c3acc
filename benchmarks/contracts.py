"""CPU of reading a batch of events with every field wanted, against `json.loads` of the same bytes.

    scripts/benchmark contracts [--rounds 30]

Both take turns, and the best round of each counts, so that what else the machine does matters less.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable

from askfirst.contracts.events import FIELDS, read_batch, read_fields
from askfirst.contracts.strict_json import read_json


def body(events: int) -> bytes:
    """A batch of page views as a page sends them."""
    drawn = random.Random(events)
    views = [
        {
            "purpose": "statistics",
            "type": "page_view",
            "page": f"/shop/{drawn.choice('abcdefgh')}{drawn.choice('klmnopqr')}?utm_source=x",
            "referrer": "https://www.google.com",
            "screen": "desktop",
            "cookies": {"enabled": True, "names": ["_ga_*"]},
        }
        for _ in range(events)
    ]
    return json.dumps({"v": 1, "batch": "A" * 22, "events": views}).encode()


def read(data: bytes) -> None:
    """As the collector reads it."""
    for event in read_batch(read_json(data)).events:
        if event is not None:
            read_fields(event, FIELDS)


def micros(work: Callable[[bytes], object], data: bytes, times: int) -> float:
    """CPU a call."""
    started = time.process_time()
    for _ in range(times):
        work(data)
    return (time.process_time() - started) / times * 1e6


def main() -> None:
    """Print a line for a single event and one for a batch of fifty."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    for events in (1, 50):
        data, times = body(events), 2_000 // events + 20
        ours, bare = zip(
            *((micros(read, data, times), micros(json.loads, data, times)) for _ in range(rounds)),
            strict=True,
        )
        print(
            f"{events:2} events: {min(ours) / events:.1f} µs an event, json.loads "
            f"{min(bare) / events:.1f} µs: {min(ours) / min(bare):.1f} times"
        )


if __name__ == "__main__":
    main()
