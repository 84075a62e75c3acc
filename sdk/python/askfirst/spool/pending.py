"""Withdrawals, erasures and restrictions that the ledger has not acknowledged yet.

They are in the spool before a visitor is answered; whichever process reaches the ledger first tells
it of them, in order, and only then takes them out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from askfirst.log_fault import log, log_fault

from ..client import Handle, PendingEntry
from ..errors import CollectorUnavailable, Refused
from .spool import Spool

# Why a collector does not know a receipt, or not any more.
ENDED = frozenset({"handle-ended", "no-receipt"})
WAITS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)  # seconds between attempts; the last one stays
LOOK = 0.05  # seconds until one looks again at what another process is telling

# Tells a ledger of one entry; returns once it is on disk there.
Tell = Callable[[PendingEntry], Awaitable[object]]


async def replay(spool: Spool, tell: Tell, handle: Handle | None = None) -> bool:
    """Tell what is owed of one handle, or of all, once; whether nothing of that is left.

    Twice is harmless: what the ledger has already is not recorded again. What another process is
    telling at this moment is left to it. Raises CollectorUnavailable.
    """
    handles = await asyncio.to_thread(spool.handles) if handle is None else [handle]
    whole = True
    for waiting in handles:
        whole = await _replay_one(spool, tell, waiting) and whole
    return whole


async def _replay_one(spool: Spool, tell: Tell, handle: Handle) -> bool:
    with spool.claim(handle) as claim:
        if claim is None:
            return not spool.owes(handle)
        for entry in claim.entries:
            try:
                await tell(entry)
            except Refused as error:
                # A receipt that is dead already is what was wanted; else it is a fault of ours.
                if error.reason not in ENDED:
                    log_fault("recording a withdrawal again", error)
        return await asyncio.to_thread(claim.done)


class Pending:
    """A task that tries again until nothing is owed; `replay` says whether that is so."""

    def __init__(self, replay: Callable[[], Awaitable[bool]]) -> None:
        self._replay = replay
        self._task: asyncio.Task[None] | None = None

    def start(self, *, after: float = 0.0) -> None:
        """Begin `after` so many seconds, unless it is at work already."""
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._work(after))

    async def _work(self, after: float) -> None:
        await asyncio.sleep(after)
        attempt = 0
        while not await self._once():
            await asyncio.sleep(WAITS[min(attempt, len(WAITS) - 1)])
            attempt += 1

    async def _once(self) -> bool:
        try:
            return await self._replay()
        except CollectorUnavailable:
            return False
        except Exception as error:
            log_fault("recording a withdrawal again", error)
            return False

    async def aclose(self, patience: float) -> None:
        """Try once more; what is left stays in the spool, for whoever comes next."""
        task = self._task
        if task is None or task.get_loop() is not asyncio.get_running_loop() or task.done():
            return
        task.cancel()
        done = False
        try:
            async with asyncio.timeout(patience):
                done = await self._once()
        except TimeoutError:
            pass
        if not done:
            log.error("askfirst.E035 withdrawals wait in the spool for the collector")
