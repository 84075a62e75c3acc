"""The screen: a class word or [width, height] in CSS pixels as the page tells it, and the agent."""

from __future__ import annotations

import re

from ..contracts.events import SCREENS
from ..terms.attributes import UNKNOWN, Value
from .recent import Recent

LONGEST = 1024  # characters of an agent that are looked at
STEP = 100  # CSS pixels
SMALLEST, LARGEST = 100, 20_000  # CSS pixels
PHONE_BELOW = 600  # the shorter side, CSS pixels
TABLET_BELOW = 1100  # the width; iPads tell their screen upright however they are held

_TV = re.compile(
    r"\b(?:Smart-?TV|HbbTV|Google ?TV|Android ?TV|Apple ?TV|BRAVIA|Roku\w{0,20}|AFT\w{1,8}|CrKey|"
    r"Web0S|NetCast|Viera|PhilipsTV)\b|\bTizen\b.{0,200}\bTV\b",
    re.IGNORECASE,
)
_TABLET = re.compile(
    r"\biPad\b|\bTablet\b(?! PC)|\bSilk\b|\bPlayBook\b|\bKindle\b|\bAndroid\b(?!.*\bMobile\b)"
)
_PHONE = re.compile(r"\b(?:Mobile|iPhone|iPod|Android|Windows Phone|Opera Mini|BlackBerry|MIDP)\b")
_DESKTOP = re.compile(r"\b(?:Windows NT|X11|CrOS)\b")
_MAC = "Macintosh"  # which iPads say, too


def screen(value: object, agent: str = "") -> Value:
    """Class, size rounded down to 100 px, exact size: ("desktop", "1300x700", "1366x768").

    The class is by size and User-Agent together: a monitor stands upright, a laptop shows large
    letters, a tablet lies on its side. Where the page told nothing the agent alone says it.
    """
    if isinstance(value, str) and value in SCREENS:
        return (_of_agent(agent, is_tablet=value == "tablet") or value,)
    if not isinstance(value, list | tuple) or len(value) != 2:
        return ((value is None and _of_agent(agent)) or UNKNOWN,)
    width, height = value
    if not (_is_length(width) and _is_length(height)):
        return (UNKNOWN,)
    wide, high = width // STEP * STEP, height // STEP * STEP
    by_size = _of_size(wide, high)
    by_agent = _of_agent(agent, is_tablet=by_size == "tablet")
    if by_agent == "desktop" and wide < high and wide < PHONE_BELOW:
        by_agent = by_size  # a telephone that asks for pages as a desktop would
    return (by_agent or by_size, f"{wide}x{high}", f"{width}x{height}")


def _is_length(value: object) -> bool:
    return type(value) is int and SMALLEST <= value <= LARGEST


def _of_size(wide: int, high: int) -> str:
    if min(wide, high) < PHONE_BELOW:
        return "phone"
    return "tablet" if wide < high and wide < TABLET_BELOW else "desktop"


def _of_agent(agent: str, *, is_tablet: bool = False) -> str | None:
    """What the agent says it runs on; `is_tablet`: what its size says, which decides for a Mac."""
    kind = _recent(agent[:LONGEST]) if agent else ""
    return ("tablet" if is_tablet else "desktop") if kind == _MAC else kind or None


def _read(agent: str) -> str:
    if _TV.search(agent):
        return "tv"
    if _TABLET.search(agent):
        return "tablet"
    if _PHONE.search(agent):
        return "phone"
    if _MAC in agent:
        return _MAC
    return "desktop" if _DESKTOP.search(agent) else ""


_recent = Recent(_read)
