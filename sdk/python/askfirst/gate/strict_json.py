"""JSON that means one thing: no key twice, nothing infinite, nothing deep, no broken text."""

from __future__ import annotations

import json
import re
from math import isfinite

from ..errors import Refused

DEEPEST = 8
DIGITS = 16  # of an integer; int() is quadratic in them

# An unfinished string matches too, so that no start is tried twice: linear in the body.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")
# JSON's own escapes can write what UTF-8 cannot: half a character. And NUL ends strings elsewhere.
BROKEN = re.compile("[\x00\ud800-\udfff]")


def decode(data: bytes) -> str:
    """The body as text."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not-utf-8", "send UTF-8") from None


def read_json(data: bytes, *, fractions: bool = False) -> object:
    """The value of one JSON text (RFC 8259, and RFC 7493 where it is stricter).

    Numbers are whole, unless `fractions` that a double can hold are taken too.
    Raises Refused `not-utf-8`, `too-deep`, `not-json`, `duplicate-key` or `bad-shape`.
    """
    text = decode(data)
    _check_depth(text)
    try:
        value = (_FRACTIONS if fractions else _DECODER).decode(text)
    except (ValueError, RecursionError):
        raise Refused("not-json", "send one JSON text (RFC 8259)") from None
    check_text(value)
    return value


def _check_depth(text: str) -> None:
    level = 0
    for bracket in _NOT_BRACKETS.sub("", _STRING.sub("", text)):
        level += 1 if bracket in "[{" else -1
        if level > DEEPEST:
            raise Refused("too-deep", f"nest at most {DEEPEST} levels")


def check_text(value: object) -> None:
    """Refuse NUL and lone surrogates, wherever they stand in a value."""
    if isinstance(value, str):
        if BROKEN.search(value):
            raise Refused("bad-shape", "send strings without NUL and without lone surrogates")
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key)
            check_text(item)
    elif isinstance(value, list):
        for item in value:
            check_text(item)


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of a JSON text; a key that stands twice is refused."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("duplicate-key", "send each key of an object once")
    return found


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > DIGITS:
        raise Refused("bad-shape", f"send integers of at most {DIGITS} digits")
    return int(digits)


def _fraction(digits: str) -> float:
    raise Refused("bad-shape", "send whole numbers")


def _float(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise Refused("bad-shape", "send numbers that a double can hold")
    return number


def no_constant(name: str) -> float:
    """Python's json knows NaN and Infinity; JSON does not."""
    raise Refused("not-json", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=unique,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=no_constant,
)
_FRACTIONS = json.JSONDecoder(
    object_pairs_hook=unique, parse_int=_integer, parse_float=_float, parse_constant=no_constant
)
