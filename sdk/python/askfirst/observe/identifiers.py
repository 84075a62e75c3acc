"""Identifiers in paths: what names one thing or one person is replaced by `:id`."""

from __future__ import annotations

import re
from itertools import pairwise

ID = ":id"
LONGEST = 64  # characters of a segment that can still be words

# Nearly every segment there is: short lower-case words.
_PLAIN = re.compile(r"[a-z]{1,20}(?:[-_.][a-z]{1,20})*")
_SEPARATORS = re.compile(r"([-_.,~+ ]+)")
_UUID = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9_+-]+={0,2}")
_LONG_DIGITS = re.compile(r"[0-9]{4,}")
_WORD = re.compile(r"[a-z]{4,}")
_HEX = re.compile(r"[0-9a-f]{6,}", re.IGNORECASE)


def template(segment: str) -> str:
    """One segment of a path, percent-decoded, with its identifiers replaced.

    Whole segments: integers, UUIDs, ULIDs, e-mail addresses, base64-like tokens, and anything
    unprintable or too long to be words. Within a segment, between separators: runs of four or more
    digits, hexadecimal with a digit in it, and tokens: "invoice-20260117" is "invoice-:id".
    """
    if not segment or (len(segment) <= LONGEST and _PLAIN.fullmatch(segment)):
        return segment
    if len(segment) > LONGEST or not segment.isprintable() or "@" in segment:
        return ID
    if segment.isdigit() or _UUID.fullmatch(segment) or _is_base64(segment):
        return ID
    parts = _SEPARATORS.split(segment)
    return "".join(part if index % 2 else _word(part) for index, part in enumerate(parts))


def _word(word: str) -> str:
    if len(word) > 40 or _is_token(word):
        return ID
    return _LONG_DIGITS.sub(ID, word)


def _is_token(word: str) -> bool:
    """Letters and digits as no word has them: hexadecimal, ULIDs, short ids of any alphabet."""
    digits = sum(character.isdigit() for character in word)
    if not digits or digits == len(word):
        return False
    return bool(_HEX.fullmatch(word)) or (len(word) >= 8 and _changes(word) >= 3)


def _is_base64(segment: str) -> bool:
    """A long token, which may hold separators itself: in random letters the case changes at every
    second or third, in words only at their starts."""
    if len(segment) < 10 or not _TOKEN.fullmatch(segment):
        return False
    if segment.endswith("="):
        return True
    parts = _SEPARATORS.split(segment)
    if any(_WORD.fullmatch(part) for part in parts):
        return False
    return sum(map(_changes, parts)) * (4 if len(segment) < 16 else 5) >= len(segment)


def _changes(text: str) -> int:
    """How often lower case, upper case and digits alternate; a capital at a start is no change."""
    kinds = [
        "d" if character.isdigit() else "u" if character.isupper() else "l" for character in text
    ]
    return sum(
        before != after and not (before == "u" and after == "l")
        for before, after in pairwise(kinds)
    )
