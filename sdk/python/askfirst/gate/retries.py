"""Withdrawals and erasures that the collector has not acknowledged yet, kept and tried again.

They act at once in the visitor's own browser. With a spill file they outlive the process; without
one, a process that is killed before the collector is back forgets them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..client import Decision, Handle
from ..errors import Refused
from .faults import log, note
from .spill import Spill

# Why a collector does not know a receipt, or not any more.
ENDED = frozenset({"handle-ended", "no-receipt"})
MOST = 10_000  # of them
WAITS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)  # seconds between attempts; the last one stays


@dataclass(frozen=True, eq=False)
class Owed:
    """What a collector is to be told: a refusal or withdrawal; without one, an erasure."""

    site: str
    handle: Handle
    decision: Decision | None = None
    key: str | None = None  # in the spill file


Tell = Callable[[Owed], Awaitable[object]]


class Retries:
    """A queue in order of arrival, emptied by one task."""

    def __init__(self, tell: Tell, spill: Spill | None = None) -> None:
        self._tell = tell
        self._spill = spill
        self._waiting: deque[Owed] = deque()
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    async def add(self, owed: Owed) -> None:
        """Keep one until it is acknowledged; in the spill file, where there is one, on return."""
        if self._spill is not None:
            spilled = asyncio.to_thread(self._spill.add, "owed", owed.handle, written(owed))
            owed = Owed(owed.site, owed.handle, owed.decision, await spilled)
        self._keep(owed)

    def adopt(self, key: str, what: Mapping[str, Any]) -> None:
        """Take over one that an earlier process left in the spill file."""
        try:
            self._keep(read_owed(key, what))
        except (LookupError, TypeError) as error:
            note("reading the spill file", error)

    def _keep(self, owed: Owed) -> None:
        if len(self._waiting) >= MOST:
            log.error("askfirst.E034 %d withdrawals wait; the oldest is given up", MOST)
            self._strike(self._waiting.popleft())
        self._waiting.append(owed)
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._work())

    async def flush(self, handle: Handle | None = None) -> bool:
        """Try those of one handle, or all of them, once, in order; whether none is left."""
        if not self._waiting:
            return True
        async with self._lock:
            for each in [each for each in self._waiting if handle in (None, each.handle)]:
                if not await self._try(each):
                    return False
                self._waiting.remove(each)
                self._strike(each)
        return True

    async def _work(self) -> None:
        attempt = 0
        while self._waiting:
            await asyncio.sleep(WAITS[min(attempt, len(WAITS) - 1)])
            attempt = 0 if await self.flush() else attempt + 1

    async def aclose(self, patience: float) -> None:
        """Try once more, then say how many are lost, or left in the spill file."""
        if self._task is not None and self._task.get_loop() is asyncio.get_running_loop():
            self._task.cancel()
        try:
            async with asyncio.timeout(patience):
                await self.flush()
        except TimeoutError:
            pass
        if self._waiting:
            left = "were not acknowledged before the end" if self._spill is None else "stay spilled"
            log.error("askfirst.E035 %d withdrawals %s", len(self._waiting), left)

    def _strike(self, owed: Owed) -> None:
        if self._spill is not None and owed.key is not None:
            self._spill.done(owed.key)

    async def _try(self, owed: Owed) -> bool:
        try:
            await self._tell(owed)
        except Refused as error:
            # A receipt that is dead already is what was wanted; anything else is a fault of ours.
            if error.reason not in ENDED:
                note("recording a withdrawal again", error)
            return True
        except Exception as error:
            note("recording a withdrawal again", error)
            return False
        return True


def written(owed: Owed) -> dict[str, Any]:
    """One as plain values: the handle and what was refused, never a secret or a signal."""
    told = owed.decision and replace(owed.decision, gpc=False, adult=False)
    decision = None if told is None else asdict(told)
    return {"site": owed.site, "handle": owed.handle, "decision": decision}


def read_owed(key: str, what: Mapping[str, Any]) -> Owed:
    """What `written` wrote; LookupError or TypeError for anything else."""
    told = what["decision"]
    decision = None if told is None else Decision(**told)
    if decision is not None and any(decision.choices.values()):
        raise LookupError("grants are never queued")
    return Owed(what["site"], what["handle"], decision, key)
