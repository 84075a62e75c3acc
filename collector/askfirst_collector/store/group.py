"""One thread that does what waits, all of it at once: group commit without the database.

Whoever asks while a round is under way is in the next one, so that a round costs one `fsync`
however many wait for it. Each is answered when the round with its own job is over. A sleeping
thread is woken once the loop has heard everybody who is ready: whoever it hears in one turn is in
one round, and does not compete with the thread for the interpreter's lock.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

from msgspec import Struct

Job = TypeVar("Job")
Answer = TypeVar("Answer")

ROUND = 1_024  # jobs in one round at most
WAITING = 16_384  # jobs that may wait; more are refused, so that memory is bounded


class Full(Exception):
    """Too much waits already, or the group is closed."""


class _Ticket(Struct, Generic[Job, Answer], frozen=True, eq=False):
    job: Job
    future: Future[Answer] | asyncio.Future[Answer]
    loop: asyncio.AbstractEventLoop | None


class Group(Generic[Job, Answer]):
    """`work` gets the jobs of a round and gives an answer, or an exception, for each."""

    def __init__(
        self,
        work: Callable[[Sequence[Job]], Sequence[Answer | Exception]],
        *,
        done: Callable[[], None] = lambda: None,
        name: str = "askfirst-writer",
    ) -> None:
        self._work = work
        self._done = done
        self._name = name
        self._waiting: deque[_Ticket[Job, Answer]] = deque()
        # Guards everything here; the thread is woken only if it sleeps.
        self._lock = threading.Lock()
        self._sleeps = False
        self._rousing: asyncio.AbstractEventLoop | None = None  # the loop that is about to wake it
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, job: Job) -> asyncio.Future[Answer]:
        """The answer, to be awaited. Raises Full."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        if self._put(_Ticket(job, future, loop)) and self._rousing is not loop:
            # Once a turn. Another loop does so by itself: this one may be closed by then.
            self._rousing = loop
            loop.call_soon(self._rouse)
        return future

    def ask_now(self, job: Job) -> Answer:
        """The answer, for callers that are threads: blocks."""
        future: Future[Answer] = Future()
        if self._put(_Ticket(job, future, None)):
            self._rouse()
        return future.result()

    def close(self) -> None:
        """Do what waits, then stop. Closing twice is harmless."""
        with self._lock:
            self._closed = True
            thread = self._thread
        self._rouse()
        if thread is not None:
            thread.join()

    def _put(self, ticket: _Ticket[Job, Answer]) -> bool:
        """Whether the thread sleeps, and is to be roused."""
        with self._lock:
            if self._closed:
                raise Full("the writer is closed")
            if len(self._waiting) >= WAITING:
                raise Full("too much waits to be written")
            self._waiting.append(ticket)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            return self._sleeps

    def _rouse(self) -> None:
        with self._lock:
            self._rousing = None
            if self._sleeps:
                self._sleeps = False
                self._wake.put(None)

    def _run(self) -> None:
        while tickets := self._next_round():
            self._answer(tickets, self._outcomes([ticket.job for ticket in tickets]))
        self._done()

    def _next_round(self) -> list[_Ticket[Job, Answer]]:
        """What waits, once something does; nothing when the group is closed."""
        while True:
            with self._lock:
                if self._waiting or self._closed:
                    count = min(len(self._waiting), ROUND)
                    return [self._waiting.popleft() for _ in range(count)]
                self._sleeps = True
            self._wake.get()

    def _outcomes(self, jobs: Sequence[Job]) -> Sequence[Answer | Exception]:
        try:
            return self._work(jobs)
        except Exception as fault:  # the thread outlives any fault: the next round may succeed
            return [fault] * len(jobs)

    def _answer(
        self, tickets: Sequence[_Ticket[Job, Answer]], outcomes: Sequence[Answer | Exception]
    ) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Answer], object]]] = {}
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            if ticket.loop is None:
                _settle([(ticket.future, outcome)])
            else:
                assert isinstance(ticket.future, asyncio.Future)
                by_loop.setdefault(ticket.loop, []).append((ticket.future, outcome))
        for loop, answers in by_loop.items():
            try:
                # One wake-up for all who wait in that loop.
                loop.call_soon_threadsafe(_settle, answers)
            except RuntimeError:
                continue  # the loop is closed: nobody waits there any more


def _settle(answers: Sequence[tuple[Future[Answer] | asyncio.Future[Answer], object]]) -> None:
    for future, outcome in answers:
        if future.done():
            continue  # whoever asked has gone
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)  # type: ignore[arg-type]
