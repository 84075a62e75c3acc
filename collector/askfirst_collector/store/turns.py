"""What is asked once for all that a turn of the event loop serves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class OnceATurn(Generic[T]):
    """`ask`, once in a turn of the running event loop; without one each time.

    Whatever is served in a turn had arrived before it began: what was committed and told of before
    any of that was sent is in what the first of them sees.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._turns = threading.local()  # an event loop has a thread of its own

    def __call__(self) -> T:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._ask()
        turn: tuple[object, T] | None = getattr(self._turns, "current", None)
        if turn is not None and turn[0] is loop:
            return turn[1]
        answer = self._ask()
        self._turns.current = loop, answer
        # Goes before all that arrives from now on.
        loop.call_soon(self._end)
        return answer

    def _end(self) -> None:
        self._turns.current = None
