"""Chance for tests of figures: none at all, or the same again."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

# The rule of figures is all that takes so few bytes.
RULE_BYTES = (1, 7)


def no_noise(length: int) -> bytes:
    """Random bytes, but every draw of a figure is 0."""
    return b"\x01" * length if length in RULE_BYTES else os.urandom(length)


def drawn(seed: int) -> Callable[[int], bytes]:
    """Random bytes, of which the draws of figures are those of this seed."""
    stream = random.Random(seed)
    return lambda length: stream.randbytes(length) if length in RULE_BYTES else os.urandom(length)
