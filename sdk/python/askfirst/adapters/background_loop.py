"""One event loop on a thread of its own, for servers that give each request a thread instead."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from askfirst.log_fault import log_fault

T = TypeVar("T")

LAST_WORDS = 5.0  # seconds that the last work may take when the process ends
# What a parent process ran when it forked: closing it here would reach into the parent's.
_inherited: list[asyncio.AbstractEventLoop] = []


class Background:
    """Runs coroutines for threads that wait; started at first use, anew in each forked process.

    `at_end` is run on the loop when the process ends, or by `close`.
    """

    def __init__(self, at_end: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._at_end = at_end
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        forget = weakref.WeakMethod(self._forget)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=lambda: _call(forget))

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop of this process."""
        return self._loop or self._start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop; its result can be waited for from any other thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, and wait for it."""
        return self.submit(work).result()

    def soon(self, call: Callable[[], object]) -> None:
        """Call something on the loop, without waiting."""
        self.loop.call_soon_threadsafe(call)

    def close(self) -> None:
        """Do the last work, then stop. Closing twice, or what never ran, is harmless."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is None:
            return
        for last in (self._at_end(), _cancel_all()):
            try:
                asyncio.run_coroutine_threadsafe(last, loop).result(LAST_WORDS)
            except Exception as error:
                log_fault("ending", error)
        loop.call_soon_threadsafe(loop.stop)

    def _start(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                threading.Thread(target=_run, args=(loop,), name="askfirst", daemon=True).start()
                _before_threads_end(weakref.WeakMethod(self.close))
                self._loop = loop
            return self._loop

    def _forget(self) -> None:
        if self._loop is not None:
            _inherited.append(self._loop)
        self._loop = None
        self._lock = threading.Lock()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _cancel_all() -> None:
    # Threads that still wait for an answer are told that there will be none.
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _before_threads_end(close: weakref.WeakMethod[Callable[[], None]]) -> None:
    # By the time of atexit no pool takes work any more, and withdrawals that wait are written by
    # one; what pools themselves use to end in time has no public name.
    register: Callable[..., object] = getattr(threading, "_register_atexit", atexit.register)
    try:
        register(_call, close)
    except RuntimeError:
        atexit.register(_call, close)


def _call(method: weakref.WeakMethod[Callable[[], None]]) -> None:
    callback = method()
    if callback is not None:
        callback()
