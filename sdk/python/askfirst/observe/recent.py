"""`Recent`: the answers of the last agents, or addresses, without those.

The same few hundred agents make most requests, and the same pages, so an answer is worth keeping;
what was asked is visitor data and is not. The key of an answer is a hash under a random key that
never leaves the process, and answers and key are forgotten together after a bounded number of texts
or look-ups.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Generic, TypeVar

T = TypeVar("T")

PAGES = 512  # texts of one policy that are remembered
POLICIES = 64  # that are remembered at a time


@dataclass
class _Memory(Generic[T]):
    keyed: blake2b  # the hash of no text yet: to go on from it is quicker than to begin with a key
    answers: dict[bytes, T] = field(default_factory=dict)
    looked_up: int = 0


class Recent(Generic[T]):
    """Remembers `ask(text)` for at most `texts` texts and `lookups` look-ups, then forgets all."""

    def __init__(
        self,
        ask: Callable[[str], T],
        *,
        texts: int = 1024,
        lookups: int = 20_000,
        urandom: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._ask = ask
        self._texts = texts
        self._lookups = lookups
        self._urandom = urandom
        self._memory: _Memory[T] = self._forget()

    def __call__(self, text: str) -> T:
        memory = self._memory
        memory.looked_up += 1
        if memory.looked_up > self._lookups:
            memory = self._forget()
        hashed = memory.keyed.copy()
        hashed.update(text.encode("utf-8", "replace"))
        digest = hashed.digest()
        if (answer := memory.answers.get(digest)) is not None:
            return answer
        answer = self._ask(text)
        if len(memory.answers) >= self._texts:
            self._forget()
        else:
            memory.answers[digest] = answer
        return answer

    def _forget(self) -> _Memory[T]:
        # One assignment, so that a thread holding the old memory goes on with its own key.
        self._memory = _Memory(blake2b(key=self._urandom(32), digest_size=16))
        return self._memory
