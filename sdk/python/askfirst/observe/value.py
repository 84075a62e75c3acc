"""How an observed value is written: it ends at the first part that is not known."""

from __future__ import annotations

from ..terms.attributes import UNKNOWN, Value

# Known to be absent, which is not the same as unknown: no listed parameter, no declared cookie.
NONE = "none"
# Longer than any name of a browser, system or place in use.
LONGEST = 64  # characters


def known_parts(*parts: str | None) -> Value:
    """The parts, coarse to fine, up to the first that is not known; that one reads `unknown`."""
    known: list[str] = []
    for part in parts:
        if not part or len(part) > LONGEST or not part.isprintable():
            return (*known, UNKNOWN)
        known.append(part)
    return tuple(known)
