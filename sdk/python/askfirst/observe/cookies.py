"""What the browser says of its cookie jar: whether it has one, and the declared cookies in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from ..terms.attributes import UNKNOWN, Value
from .value import NONE

LONGEST = 256  # characters
MOST = 200  # names: browsers keep about 180 a site


def cookies(told: object, declared: Iterable[str]) -> Value:
    """("enabled", declared names present): `{"enabled": true, "names": ["_ga_X1"]}` -> `_ga_*`.

    What is stored is the name as *declared*, so that a cookie named after a visitor says nothing.
    """
    if not isinstance(told, Mapping) or not isinstance(enabled := told.get("enabled"), bool):
        return (UNKNOWN,)
    if not enabled:
        return ("disabled", NONE)
    names = told.get("names", ())
    if not isinstance(names, list | tuple):
        return ("enabled", UNKNOWN)
    present = [name for name in names[:MOST] if isinstance(name, str) and len(name) <= LONGEST]
    found = sorted(
        glob for glob in set(declared) if any(fnmatchcase(name, glob) for name in present)
    )
    return ("enabled", " ".join(found) or NONE)
