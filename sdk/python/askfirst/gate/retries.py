"""Withdrawals and erasures that the collector has not acknowledged yet, kept and tried again.

They act at once in the visitor's own browser. A process that is killed before the collector is
back forgets them; a spill file is to come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from ..client import Handle
from ..errors import Refused
from .faults import log, note

# Why a collector does not know a receipt, or not any more.
ENDED = frozenset({"handle-ended", "no-receipt"})
MOST = 10_000  # calls
Call = Callable[[], Awaitable[object]]
WAITS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)  # seconds between attempts; the last one stays


class Retries:
    """A queue in order of arrival, emptied by one task."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Handle, Call]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, handle: Handle, call: Call) -> None:
        """Keep a call until it is acknowledged; one that is refused has nothing left to do."""
        if len(self._waiting) >= MOST:
            log.error("%d withdrawals wait for the collector; the oldest is given up", MOST)
            self._waiting.popleft()
        self._waiting.append((handle, call))
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._work())

    async def flush(self, handle: Handle | None = None) -> bool:
        """Try those of one handle, or all of them, once, in order; whether none is left."""
        if not self._waiting:
            return True
        async with self._lock:
            for each in [each for each in self._waiting if handle in (None, each[0])]:
                if not await _try(each[1]):
                    return False
                self._waiting.remove(each)
        return True

    async def _work(self) -> None:
        attempt = 0
        while self._waiting:
            await asyncio.sleep(WAITS[min(attempt, len(WAITS) - 1)])
            attempt = 0 if await self.flush() else attempt + 1

    async def aclose(self, patience: float) -> None:
        """Try once more, then say how many are lost."""
        if self._task is not None and self._task.get_loop() is asyncio.get_running_loop():
            self._task.cancel()
        try:
            async with asyncio.timeout(patience):
                await self.flush()
        except TimeoutError:
            pass
        if self._waiting:
            log.error("%d withdrawals were not acknowledged before the end", len(self._waiting))


async def _try(call: Call) -> bool:
    try:
        await call()
    except Refused as error:
        # A receipt that is dead already is what was wanted; anything else is a fault of ours.
        if error.reason not in ENDED:
            note("recording a withdrawal again", error)
        return True
    except Exception as error:
        note("recording a withdrawal again", error)
        return False
    return True
