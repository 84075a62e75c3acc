"""Events on their way to a collector elsewhere: a bounded queue and the tasks that empty it.

What waits is made less precise already. A page is never held up: adding never waits, and where the
queue is full its oldest event goes. What waits for an absent collector is in the file of events.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from askfirst.client import Handle
from askfirst.errors import CollectorUnavailable
from askfirst.log_fault import log_fault
from askfirst.spool.events import LIFE, EventFile, Purposes, without
from askfirst.spool.pending import LOOK, WAITS
from askfirst.spool.spool import StillPending

log = logging.getLogger("askfirst")

MOST = 5_000  # batches that wait
TICK = 1.0  # seconds until what was added meanwhile is on disk, too
SENDERS = 3  # of the few connections for events, one stays free for pages

# Sends one batch; returns when the collector has answered for it, else raises CollectorUnavailable,
# and StillPending where it is first to hear what another process is telling it.
Deliver = Callable[[Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, eq=False)
class Waiting:
    """One batch of one visitor, since when it waits, and its key in the file of events."""

    handle: Handle
    body: Mapping[str, Any]
    since: float  # unix seconds
    key: str | None = None
    promised: bool = False  # somebody was told that it is on disk


class Outbox:
    """The queue of one process, on the event loop that adds to it. `now` gives unix seconds."""

    def __init__(
        self,
        deliver: Deliver,
        *,
        now: Callable[[], float],
        file: EventFile | None = None,
        most: int = MOST,
        waits: tuple[float, ...] = WAITS,
    ) -> None:
        self._deliver = deliver
        self._now = now
        self._file = file
        self._most = most
        self._waits = waits
        self._queue: deque[Waiting] = deque()
        self._sending: dict[Waiting, Waiting | None] = {}  # and what is left of each
        self._callers: set[asyncio.Task[None]] = set()
        self._failed = 0  # attempts in a row
        self._again = 0.0  # by the loop's clock: when the next attempt is due
        self._lost = 0
        self._putting = False
        self._forgotten: set[tuple[Handle, Purposes]] = set()
        self._keeping: set[Waiting] = set()
        self._writing: set[asyncio.Task[bool]] = set()

    def __len__(self) -> int:
        return len(self._queue) + len(self._sending)

    def add(self, handle: Handle, body: Mapping[str, Any], *, key: str | None = None) -> None:
        """Queue one batch, without waiting; one with a key is in the file of events already."""
        waiting = Waiting(handle, body, self._now(), key, promised=key is not None)
        if len(self._queue) >= self._most and not waiting.promised:
            oldest = next((entry for entry in self._queue if not entry.promised), waiting)
            self._lose(oldest)
            if oldest is waiting:
                return
            self._queue.remove(oldest)
        self._queue.append(waiting)
        self._start()

    async def keep(self, handle: Handle, body: Mapping[str, Any]) -> bool:
        """Queue one batch that somebody waits for: True once it is on disk, else it is not here.

        It is not where there is no file of events, or no room, or where the grant ended meanwhile.
        """
        file = self._file
        if file is None or len(self._queue) >= self._most:
            return False
        waiting = Waiting(handle, body, self._now(), promised=True)
        self._keeping.add(waiting)
        # Where who asked goes away meanwhile, what is on disk is queued all the same.
        writing = asyncio.ensure_future(self._write(file, waiting))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        return await asyncio.shield(writing)

    async def _write(self, file: EventFile, waiting: Waiting) -> bool:
        try:
            key = await asyncio.to_thread(file.add, waiting.handle, waiting.body, promised=True)
        finally:
            stays = waiting in self._keeping
            self._keeping.discard(waiting)
        if key is not None and not stays:
            await asyncio.to_thread(file.done, key)
        if key is None or not stays:
            return False
        self._queue.append(replace(waiting, key=key))
        self._start()
        return True

    @property
    def is_away(self) -> bool:
        """Whether the collector did not answer when it was last asked."""
        return bool(self._failed)

    async def forget(self, handle: Handle, purposes: Purposes = None) -> None:
        """Drop what waits of a visitor who took that back, in the file of events too."""

        def rest(entry: Waiting) -> Waiting | None:
            body = without(entry.body, purposes) if entry.handle == handle else entry.body
            if body is entry.body:
                return entry
            return None if body is None else replace(entry, body=body)

        self._queue = deque(
            remainder for entry in self._queue if (remainder := rest(entry)) is not None
        )
        self._sending = {
            entry: remainder and rest(remainder) for entry, remainder in self._sending.items()
        }
        # Who waits for these is told to send again what may still be sent.
        self._keeping = {entry for entry in self._keeping if rest(entry) is entry}
        if self._file is not None:
            self._forgotten |= {(handle, purposes)} if self._putting else set()
            await asyncio.to_thread(self._file.forget, handle, purposes)

    async def aclose(self, patience: float) -> None:
        """Send what waits within `patience` seconds; what is left goes to the file of events."""
        self._again = 0.0
        self._start()
        if self._callers:
            await asyncio.wait({*self._callers}, timeout=patience)
        tasks = {*self._callers}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._queue.extendleft(unsent for unsent in self._sending.values() if unsent is not None)
        self._sending = {}
        await self._put_away()
        if self._queue and self._file is None:
            log.warning("askfirst.W033 %d batches of events were not sent", len(self._queue))
        self._queue.clear()

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._callers = {t for t in self._callers if t.get_loop() is loop and not t.done()}
        # While the collector is away, one asks for all.
        wanted = 1 if self._failed else min(SENDERS, len(self._queue))
        for _ in range(wanted - len(self._callers)):
            task = loop.create_task(self._send_all())
            self._callers.add(task)
            task.add_done_callback(self._callers.discard)

    async def _send_all(self) -> None:
        while self._queue:
            if self._failed:
                await self._wait()
            if not self._queue:
                return
            waiting = self._queue.popleft()
            if self._is_old(waiting):
                continue
            self._sending[waiting] = waiting
            try:
                is_done = await self._send(waiting)
                add = self._queue.appendleft
            except StillPending:
                await asyncio.sleep(LOOK)
                is_done = False
                add = self._queue.append  # nobody waits behind what is not ours to tell
            unsent = self._sending.pop(waiting)
            if not is_done and unsent is not None:
                add(unsent)

    async def _send(self, waiting: Waiting) -> bool:
        failed = self._failed
        try:
            await self._deliver(waiting.body)
        except CollectorUnavailable:
            # Of several that ask at once the first says it: the pauses grow by rounds.
            if failed == self._failed:
                self._pause()
            return False
        except StillPending:
            raise
        except Exception as error:
            # What cannot be sent today cannot be sent tomorrow.
            log_fault("sending events", error)
        if self._failed:
            log.warning("askfirst.W035 the collector is back: %d batches waited", len(self._queue))
            self._failed = 0
            self._start()
        if waiting.key is not None:
            await asyncio.to_thread(self._strike, waiting)
        return True

    def _pause(self) -> None:
        if not self._failed:
            log.warning("askfirst.W034 the collector is away: events wait")
        pause = self._waits[min(self._failed, len(self._waits) - 1)]
        self._again = asyncio.get_running_loop().time() + pause
        self._failed += 1

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        await self._put_away()
        while (pause := self._again - loop.time()) > 0:
            await asyncio.sleep(min(pause, TICK))
            await self._put_away()

    async def _put_away(self) -> None:
        """Have on disk what waits and is not, and let go of what the file no longer holds."""
        file = self._file
        if file is None or self._putting:
            return
        self._putting = True
        fresh = [entry for entry in self._queue if entry.key is None]
        looked_at = {entry.key for entry in self._queue}  # what comes later may be in no answer
        writing = asyncio.ensure_future(asyncio.to_thread(_put, file, fresh))
        is_cancelled = False
        # Nobody can call back what a thread writes: what is not noted here would be written twice.
        while not writing.done():
            try:
                await asyncio.wait({writing})
            except asyncio.CancelledError:
                is_cancelled = True
        self._putting = False
        keys, stored_keys = writing.result()
        written = dict(zip(fresh, keys, strict=True))
        waits = [replace(w, key=written.get(w, w.key)) for w in self._queue]
        gone = {*looked_at, *keys} - stored_keys - {None}
        self._queue = deque(w for w in waits if w.key not in gone)
        # Forgotten, or dropped, while they were written.
        for handle, purposes in self._forgotten:
            file.forget(handle, purposes)
        self._forgotten.clear()
        for key in set(keys) - {w.key for w in waits}:
            if key is not None:
                file.done(key)
        if is_cancelled:
            raise asyncio.CancelledError

    def _is_old(self, waiting: Waiting) -> bool:
        if self._now() - waiting.since < LIFE:
            return False
        self._strike(waiting)
        return True

    def _strike(self, waiting: Waiting) -> None:
        if self._file is not None and waiting.key is not None:
            self._file.done(waiting.key)

    def _lose(self, waiting: Waiting) -> None:
        self._strike(waiting)
        self._lost += 1
        if self._lost == 1 or self._lost % 1000 == 0:
            log.warning("askfirst.W036 the queue is full: %d batches are dropped", self._lost)


def _put(file: EventFile, fresh: list[Waiting]) -> tuple[list[str | None], frozenset[str]]:
    keys = [file.add(entry.handle, entry.body) for entry in fresh]
    return keys, file.expire()
