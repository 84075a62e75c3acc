"""Hands decisions and page views to the collector, and never lets its absence hurt a page."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ..client import Caller, CollectorClient, Decision, Handle, Recorded
from ..errors import AskfirstError, CollectorAway, Refused
from ..terms.policy import Policy
from .faults import log, note
from .gate import Gate, Known
from .headers import Headers
from .retries import ENDED, Owed, Retries
from .spill import Spill

PATIENCE = 2.0  # seconds a grant, or a first page, waits for the collector
LONGEST_LEARNING = 30.0  # seconds until an attempt to learn is given up
PAUSE = 1.0  # seconds between two attempts to learn what the collector knows
FRESH = 5.0  # seconds that what was learned is used before it is asked for again (M33)
MOST_TASKS = 1000  # page views under way; more are dropped, pages go first


class Relay:
    """The one way from a gate to its collector. `keys=None` asks the collector for them.

    `now` gives unix seconds.
    """

    def __init__(
        self,
        gate: Gate,
        client: CollectorClient,
        *,
        keys: tuple[bytes, ...] | None,
        urandom: Callable[[int], bytes],
        patience: float,
        now: Callable[[], float],
    ) -> None:
        self.gate = gate
        self.client = client
        self.urandom = urandom
        self._now = now
        self._spill: Spill | None = getattr(client, "spill", None)
        self.retries = Retries(self._tell, self._spill)
        self._keys = keys
        self._patience = patience
        self._tasks: set[asyncio.Task[None]] = set()
        self._learning: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._asked = float("-inf")
        self._woken: int | None = None  # the process that read the spill file
        self._failed = False  # pages that found it away do not wait for it again

    @property
    def policy(self) -> Policy:
        """The policy this site was started with."""
        return self.gate.policy

    @property
    def ready(self) -> bool:
        """Whether there is nothing to learn: what is known is known, and fresh."""
        return self.gate.ready and 0 <= self._now() - self._asked < FRESH

    async def learn(self) -> None:
        """Ask for editions and keys; only the very first requests wait for the answer.

        Asked again every 5 s of use, so that what is placed or published shows on pages by then.
        """
        await self.wake()
        loop = asyncio.get_running_loop()
        running = self._learning
        if running is None or running.done() or running.get_loop() is not loop:
            if not self.gate.ready and loop.time() < self._not_before:
                return
            # Whoever comes next does not ask again.
            self._asked = self._now()
            running = self._learning = loop.create_task(self._learn())
        if not self._failed and not self.gate.known.editions:
            await asyncio.wait({running}, timeout=self._patience)
            self._failed = not self.gate.known.editions

    def renew(self) -> None:
        """The same without waiting, for callers that are threads: call it on the relay's loop."""
        self._start(self.learn(), "asking for the editions again")

    async def _learn(self) -> None:
        site = self.policy.site
        try:
            async with asyncio.timeout(LONGEST_LEARNING):
                editions = await self.client.editions(self.policy)
                keys = self._keys if self._keys is not None else await self.client.keys(site)
            self.gate.learn(Known(editions, keys))
        except Exception as error:
            self._failed = True
            note("learning the editions of the site", error)
        self._not_before = asyncio.get_running_loop().time() + PAUSE

    async def admit(self, headers: Headers, peer: str) -> None:
        """Let one more grant in; raises Refused where its network has made too many of them."""
        try:
            async with asyncio.timeout(self._patience):
                admitted = await self.client.admits(headers, peer)
        except AskfirstError:
            raise
        except Exception as error:
            note("admitting an answer", error)
            raise CollectorAway("the answer could not be recorded") from error
        if not admitted:
            raise Refused("too-many-requests", "too many answers from one network; try again later")

    async def record(self, decision: Decision) -> Recorded:
        """Record a decision within the patience; raises Refused or CollectorAway.

        What waits for this handle goes first: the order of the ledger is the order of answers.
        """
        try:
            async with asyncio.timeout(self._patience):
                if not await self.retries.flush(decision.handle):
                    raise CollectorAway("an earlier answer is not recorded yet")
                return await self.client.record(decision)
        except AskfirstError as error:
            if isinstance(error, Refused) and error.reason == "edition-changed":
                # It was published a moment ago: the page that is shown next has to know it.
                self._asked = float("-inf")
            raise
        except Exception as error:
            if not isinstance(error, TimeoutError):
                note("recording an answer", error)
            raise CollectorAway("the answer could not be recorded in time") from error

    async def retry(self, decision: Decision) -> None:
        """Keep a refusal or withdrawal until the collector has acknowledged it."""
        forget = getattr(self.client, "forget", None)
        if forget is not None:
            await forget(decision.handle)
        await self.retries.add(Owed(decision.site, decision.handle, decision))

    async def erase(self, handle: Handle) -> None:
        """Erase what is linked to a handle: now, or as soon as the collector is back."""
        await self.retries.add(Owed(self.policy.site, handle))
        try:
            async with asyncio.timeout(self._patience):
                await self.retries.flush(handle)
        except TimeoutError as error:
            note("erasing", error)

    async def _tell(self, owed: Owed) -> None:
        if owed.decision is None:
            await self.client.erase(owed.site, owed.handle)
        else:
            await self.client.record(owed.decision)

    async def wake(self) -> None:
        """Take up what an earlier process left in the spill file, once; never raises."""
        if self._spill is None or self._woken == os.getpid():
            return
        self._woken = os.getpid()
        try:
            adopted = await asyncio.to_thread(self._spill.adopt)
            for key, kind, what in adopted:
                if kind == "owed":
                    self.retries.adopt(key, what)
            resume = getattr(self.client, "resume", None)
            if resume is not None:
                resume([(key, what) for key, kind, what in adopted if kind == "event"])
        except Exception as error:
            note("reading the spill file", error)

    def tally_refusal(self) -> None:
        """Count a refusal, where the policy says so, without waiting."""
        if self.policy.count_refusals:
            self._start(self.client.tally_refusal(self.policy.site), "counting a refusal")

    def submit(
        self, caller: Caller, payload: Mapping[str, object], headers: Headers, peer: str
    ) -> None:
        """Hand on a page view that the server saw, without waiting."""
        told = self.client.submit(caller, payload, headers=headers, peer=peer)
        self._start(told, "handing on a page view")

    def _start(self, work: Coroutine[Any, Any, None], doing: str) -> None:
        if len(self._tasks) >= MOST_TASKS:
            log.warning("askfirst.W032 %s: too much is under way, this one is dropped", doing)
            work.close()
            return
        task = asyncio.get_running_loop().create_task(_quietly(work, doing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Finish what is under way, within the patience, and close the collector."""
        tasks = {*self._tasks}
        if tasks:
            await asyncio.wait(tasks, timeout=self._patience)
        await self.retries.aclose(self._patience)
        close = getattr(self.client, "aclose", None)
        if close is not None:
            await _quietly(close(), "closing the collector")
        if self._spill is not None:
            await asyncio.to_thread(self._spill.close)


async def _quietly(work: Coroutine[Any, Any, None], doing: str) -> None:
    try:
        await work
    except Exception as error:
        note(doing, error)


def ended(error: Refused) -> bool:
    """Whether the collector says that a receipt is not, or no longer, alive."""
    return error.reason in ENDED
