"""How an observed value is written: it ends at the first part that is not known."""

from __future__ import annotations

import re

from ..terms.attributes import OTHER, UNKNOWN, Value
from ..terms.sets import ANY
from .identifiers import template

# Known to be absent, which is not the same as unknown: no listed parameter, no declared cookie.
NONE = "none"
# Longer than any name of a browser, system or place in use.
LONGEST = 64  # characters


# Of a text that no list bounds: longer, or with what markup, formulas and pairs are made of, it is
# not kept.
_LONGEST_TEXT = 64  # characters
_NO_TEXT = re.compile(r"""[<>"`{}\\^=&]|^[@+-]""")
_SHORT_NUMBER = re.compile(r"[0-9]{1,3}")


def free_text(text: str) -> str:
    """A text that no list bounds, as it may be kept: its identifiers replaced, else `other`.

    What of it is shown hangs on how many visitors share it.
    """
    text = " ".join(text.replace("/", " ").split())
    if not text or _SHORT_NUMBER.fullmatch(text):
        return text or NONE
    if len(text) > _LONGEST_TEXT or _NO_TEXT.search(text):
        return OTHER
    return template(text)


def allowed_text(text: str, values: frozenset[str]) -> str:
    """A text where its list has it, or where any may be kept; else `other`."""
    if values is ANY:
        return free_text(text)
    return text if text in values else OTHER


def known_parts(*parts: str | None) -> Value:
    """The parts, coarse to fine, up to the first that is not known; that one reads `unknown`."""
    known: list[str] = []
    for part in parts:
        if not part or len(part) > LONGEST or not part.isprintable():
            return (*known, UNKNOWN)
        known.append(part)
    return tuple(known)
