"""Hands decisions and page views to the collector, and never lets its absence hurt a page."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from askfirst.http.headers import Headers
from askfirst.log_fault import log, log_fault

from ..client import Caller, CollectorClient, Decision, Handle, PendingEntry, PendingKind, Recorded
from ..errors import AskfirstError, CollectorUnavailable, PolicyError, Reason, Refused
from ..spool.pending import ENDED, LOOK, WAITS, Pending
from ..terms.edition import Edition
from ..terms.policy import Policy
from .gate import Gate, Known

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
        self._pending = Pending(client.replay)
        self._keys = keys
        self._patience = patience
        self._tasks: set[asyncio.Task[None]] = set()
        self._learning: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._asked = float("-inf")
        self._woken: int | None = None  # the process that took up what was left
        self._refusal = ""  # why the collector does not take the policy, as it was logged
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
                receipt_keys = await self.client.receipt_keys()
            self.gate.learn(Known(editions, keys, receipt_keys))
            self._refusal = ""
        except (PolicyError, Refused) as error:
            # About the policy, and so of no visitor: said whole, and once.
            self._failed = True
            if self._refusal != str(error):
                self._refusal = str(error)
                log.error("askfirst.E033 nothing is gathered on site %s: %s", site, error)
        except Exception as error:
            self._failed = True
            log_fault("learning the editions of the site", error)
        self._not_before = asyncio.get_running_loop().time() + PAUSE

    async def admit(self, headers: Headers, peer: str) -> None:
        """Let one more grant in; raises Refused where its network has made too many of them."""
        try:
            async with asyncio.timeout(self._patience):
                admitted = await self.client.admits(headers, peer)
        except AskfirstError:
            raise
        except Exception as error:
            log_fault("admitting an answer", error)
            raise CollectorUnavailable("the answer could not be recorded") from error
        if not admitted:
            raise Refused(
                Reason.TOO_MANY_REQUESTS, "too many answers from one network; try again later"
            )

    def is_sized(self, edition: Edition, handle: Handle, headers: Headers, peer: str) -> bool:
        """Whether an answer counts towards sizes; it does not where nobody can say."""
        try:
            return self.client.is_sized(edition, handle, headers, peer)
        except Exception as error:
            log_fault("asking for the network of an answer", error)
            return False

    async def record(self, decision: Decision) -> Recorded:
        """Record a decision within the patience; raises Refused or CollectorUnavailable.

        What waits for this handle goes first: the order of the ledger is the order of answers.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self.settled(decision.handle)
                return await self.client.record(decision)
        except AskfirstError as error:
            if isinstance(error, Refused) and error.reason == Reason.EDITION_CHANGED:
                # It was published a moment ago: the page that is shown next has to know it.
                self._asked = float("-inf")
            elif isinstance(error, CollectorUnavailable):
                self._pending.start(after=WAITS[0])  # that it is taken back may be owed now
            raise
        except Exception as error:
            if not isinstance(error, TimeoutError):
                log_fault("recording an answer", error)
            self._pending.start(after=WAITS[0])
            raise CollectorUnavailable("the answer could not be recorded in time") from error

    async def settled(self, handle: Handle) -> None:
        """Return when nothing of a handle is pending; CollectorUnavailable where it stays so.

        Another process may be telling it at this moment.
        """
        while not await self.client.replay(handle):  # noqa: ASYNC110 - it is another process's
            await asyncio.sleep(LOOK)

    async def owe(self, decision: Decision) -> None:
        """Have a refusal or withdrawal on disk until the collector has it.

        Raises CollectorUnavailable where it cannot be written, and Refused for an unknown receipt.
        """
        await self._owe(PendingEntry(decision.site, decision.handle, "answer", decision))

    async def erase(self, handle: Handle) -> None:
        """Erase what is linked to a handle: now, or as soon as the collector is back.

        Raises CollectorUnavailable where that could be neither done nor written down.
        """
        await self._ask("erase", handle)

    async def restrict(self, handle: Handle) -> None:
        """The same for storing nothing more."""
        await self._ask("restrict", handle)

    async def _ask(self, kind: PendingKind, handle: Handle) -> None:
        ask = self.client.erase if kind == "erase" else self.client.restrict
        try:
            async with asyncio.timeout(self._patience):
                await self.settled(handle)
                await ask(self.policy.site, handle)
                return
        except Refused as error:
            if not ended(error):
                raise
        except Exception as error:
            if not isinstance(error, TimeoutError | CollectorUnavailable):
                log_fault(f"asking to {kind}", error)
            with suppress(Refused):  # an unknown receipt is told as much as a dead one
                await self._owe(PendingEntry(self.policy.site, handle, kind))

    async def _owe(self, entry: PendingEntry) -> None:
        self._pending.start(after=WAITS[0])
        await self.client.owe(entry)

    async def wake(self) -> None:
        """Take up what an earlier process left; never raises."""
        self._pending.start()
        if self._woken == os.getpid():
            return
        self._woken = os.getpid()
        wake = getattr(self.client, "wake", None)
        if wake is not None:
            await _quietly(wake(), "reading the spool")

    def tally_refusal(self) -> None:
        """Count a refusal, where the policy says so, without waiting."""
        if self.policy.count_refusals:
            self._start(self.client.tally_refusal(self.policy.site), "counting a refusal")

    def submit(
        self, caller: Caller, payload: Mapping[str, object], headers: Headers, peer: str
    ) -> None:
        """Hand on a page view that the server saw, without waiting."""
        delivery = self.client.submit(caller, payload, headers=headers, peer=peer)
        self._start(delivery, "handing on a page view")

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
        await self._pending.aclose(self._patience)
        close = getattr(self.client, "aclose", None)
        if close is not None:
            await _quietly(close(), "closing the collector")


async def _quietly(work: Coroutine[Any, Any, None], doing: str) -> None:
    try:
        await work
    except Exception as error:
        log_fault(doing, error)


def ended(error: Refused) -> bool:
    """Whether the collector says that a receipt is not, or no longer, alive."""
    return error.reason in ENDED
