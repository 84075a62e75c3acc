"""What the browser says of its cookie jar: whether it has one, and the declared cookies in it."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from ..contracts.events import CookieInfo
from ..terms.attributes import UNKNOWN, Value
from .value import NONE

LONGEST = 256  # characters of a name that is looked at


def cookies(info: CookieInfo | None, declared: Iterable[str]) -> Value:
    """("enabled", declared names present): `_ga_X1` in the jar -> `_ga_*`.

    What is stored is the name as *declared*, so that a cookie named after a visitor says nothing.
    """
    if info is None or info.enabled is None:
        return (UNKNOWN,)
    if not info.enabled:
        return ("disabled", NONE)
    present = [name for name in info.names if len(name) <= LONGEST]
    globs = sorted(
        glob for glob in set(declared) if any(fnmatchcase(name, glob) for name in present)
    )
    return ("enabled", " ".join(globs) or NONE)
