"""The screen as the browser tells it: a class word, or [width, height] in CSS pixels."""

from __future__ import annotations

from ..contracts.events import SCREENS
from ..terms.attributes import UNKNOWN, Value

STEP = 100  # CSS pixels
SMALLEST, LARGEST = 100, 20_000  # CSS pixels
# Multiples of STEP, so that a step lies in one class and cutting the tuple is generalising.
PHONE_BELOW = 600  # the shorter side
TABLET_BELOW = 1100  # the width; iPads tell their screen upright however they are held


def screen(value: object) -> Value:
    """Class, size rounded down to 100 px, exact size: ("desktop", "1300x700", "1366x768")."""
    if isinstance(value, str) and value in SCREENS:
        return (value,)
    if not isinstance(value, list | tuple) or len(value) != 2:
        return (UNKNOWN,)
    width, height = value
    if not (_is_length(width) and _is_length(height)):
        return (UNKNOWN,)
    wide, high = width // STEP * STEP, height // STEP * STEP
    return (_class_of(wide, high), f"{wide}x{high}", f"{width}x{height}")


def _is_length(value: object) -> bool:
    return type(value) is int and SMALLEST <= value <= LARGEST


def _class_of(wide: int, high: int) -> str:
    if min(wide, high) < PHONE_BELOW:
        return "phone"
    return "tablet" if wide < high and wide < TABLET_BELOW else "desktop"
