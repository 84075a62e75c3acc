"""Fulmar Point weather station: what the example sites of all frameworks show."""

from __future__ import annotations

import asyncio
import math
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

HERE = Path(__file__).parent
STATIC = HERE / "static"
TEMPLATES = HERE / "templates"  # for Jinja; each framework's `init_app` adds `askfirst_*` to them
CHART = STATIC / "chart.svg"
MOST_MESSAGES = 50


def wind(hour: int) -> float:
    """The wind at the point in metres a second, as it was in the last two days."""
    return round(9 + 4 * math.sin(hour / 7) + 2 * math.sin(hour / 2.3), 1)


class _Listener:
    """A queue of the running event loop that any thread may put into."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self.get = self._queue.get

    def put(self, reading: str) -> None:
        self._loop.call_soon_threadsafe(self._queue.put_nowait, reading)


class Station:
    """Readings as they come in, who listens to them, and a guest book. Safe from any thread."""

    def __init__(self) -> None:
        self.last = str(wind(47))
        self.messages: list[str] = ["Two minke whales off the skerry this morning. M."]
        self._listeners: set[queue.SimpleQueue[str] | _Listener] = set()
        self._lock = threading.Lock()

    def read(self, value: str) -> None:
        """Take in a reading and tell whoever listens."""
        reading = str(float(value)).removesuffix(".0")
        with self._lock:
            self.last = reading
            for listener in self._listeners:
                listener.put(reading)

    def sign(self, message: str) -> None:
        """Write into the guest book."""
        with self._lock:
            self.messages = [message[:200], *self.messages][:MOST_MESSAGES]

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def listen(self) -> Iterator[str]:
        """The last reading, then each new one, as server-sent events."""
        mine: queue.SimpleQueue[str] = queue.SimpleQueue()
        with self._lock:
            self._listeners.add(mine)
            mine.put(self.last)
        try:
            while True:
                yield f"data: {mine.get()}\n\n"
        finally:
            with self._lock:
                self._listeners.discard(mine)

    async def listen_async(self) -> AsyncIterator[str]:
        """As `listen`, for an event loop."""
        mine = _Listener()
        with self._lock:
            self._listeners.add(mine)
            mine.put(self.last)
        try:
            while True:
                yield f"data: {await mine.get()}\n\n"
        finally:
            with self._lock:
                self._listeners.discard(mine)

    def table(self) -> Iterator[str]:
        """Two days of readings as CSV, line by line."""
        yield "hour,value\n"
        for hour in range(48):
            yield f"{hour},{wind(hour)}\n"
