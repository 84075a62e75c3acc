"""Reading policies off the event loop: one has up to a megabyte."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

READERS = 2  # policies that one process reads at once

_Value = TypeVar("_Value")


async def read_apart(reading: Callable[[], _Value]) -> _Value:
    """What `reading` returns.

    A few are read at once and the rest wait in line, so that they take no thread from visitors.
    """
    return await asyncio.get_running_loop().run_in_executor(_readers(os.getpid()), reading)


@lru_cache(maxsize=1)
def _readers(pid: int) -> ThreadPoolExecutor:
    # By process: the threads of a parent are none of its fork's.
    return ThreadPoolExecutor(READERS, thread_name_prefix=f"askfirst-policies-{pid}")
