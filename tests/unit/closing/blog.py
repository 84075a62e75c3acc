"""An invented blog: 41 pages and nine referrers, common ones often; a month of visitors."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from askfirst.terms.attributes import Value
from askfirst_collector.services import Services
from askfirst_collector.store.events import Authorized, Batch, Row
from askfirst_collector.store.periods import IN_UTC

from .house import DAY, Clock, key_of

MONTH = "2026-11-01"
DAYS = 28
PAGES = 41
REFERRERS = (
    ("direct", "none"),
    ("search", "google.com"),
    ("search", "duckduckgo.com"),
    ("social", "reddit.com"),
    ("other", "news.ycombinator.com"),
    ("social", "mastodon.social"),
    ("ai", "chatgpt.com"),
    ("mail", "mail.google.com"),
    ("other", "lobste.rs"),
)
RETURNING = 0.25  # of the visitors of a day, who came before


@dataclass
class Blog:
    """What happens on each day, and who is in which cell: kept to compare with."""

    parts: Services
    clock: Clock
    visitors: int  # a day
    draw: random.Random
    truth: dict[tuple[str, Value], set[bytes]] = field(default_factory=dict)
    _all: list[bytes] = field(default_factory=list)

    def day(self, number: int) -> None:
        """The visits of a day of the month, from 1 on; the clock stands in it."""
        day = f"{MONTH[:8]}{number:02}"
        self.clock.now = IN_UTC.start_of(day) + DAY / 2
        rows = (row for _ in range(self.visitors) for row in self._visit(day))
        while part := tuple(islice(rows, 5_000)):
            judged = Authorized("shop", "0" * 64, 0)
            batch = Batch(judged, int(self.clock.now) // DAY, os.urandom(16), part, b"{}")
            asyncio.run(self.parts.events.append(batch))
            self.parts.events.drain()  # as the jobs do: what waits takes 64 MB at most

    def end(self, number: int) -> None:
        """A minute after the day."""
        self.clock.now = IN_UTC.start_of(f"{MONTH[:8]}{number:02}") + DAY + 60

    def _visit(self, day: str) -> Iterator[Row]:
        draw = self.draw
        if self._all and draw.random() < RETURNING:
            who = draw.choice(self._all)
        else:
            self._all.append(who := draw.randbytes(32))
        weights = [1 / (n + 1) for n in range(len(REFERRERS))]
        (referrer,) = draw.choices(REFERRERS, weights)
        hour = f"{draw.randrange(24):02}"
        for _ in range(1 + int(draw.expovariate(0.8))):
            (page,) = draw.choices(range(PAGES), [1 / (n + 2) for n in range(PAGES)])
            path = (f"/{page % 6}", f"/{page % 6}/p{page}")
            values: dict[str, Value] = {"page": path, "referrer": referrer, "time": (day, hour)}
            for table, value in values.items():
                for depth in (1, 2):
                    self.truth.setdefault((table, value[:depth]), set()).add(who)
            key = key_of(MONTH, "month")
            fields = (key.site, key.collector, key.purpose, key.closes, key.period)
            yield Row(*fields, "page_view", values, who, 5, 365, 0)
            referrer = ("internal", "shop.example")
