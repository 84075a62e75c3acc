"""JSON that means one thing: no key twice, nothing infinite, nothing deep, no broken text."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

from ..errors import Reason, Refused
from .limits import DEPTH, DIGITS

VERSION = 1
EXACT = 2**53  # below it a double tells whole numbers apart
# JSON's own escapes can write what UTF-8 cannot: half a character. And NUL ends strings elsewhere.
BROKEN = re.compile("[\x00\ud800-\udfff]")

# An unfinished string matches too, so that no start is ever tried twice (linear in the body).
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def decode(data: bytes) -> str:
    """The body as text."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Reason.NOT_UTF_8, "send UTF-8") from None


def read_json(data: bytes) -> Any:
    """The value of one JSON text (RFC 8259, and RFC 7493 where it is stricter).

    As in JSON Schema, 3.0 is the whole number 3. Raises Refused `not-utf-8`, `too-deep`,
    `not-json`, `duplicate-key` or `bad-shape`.
    """
    text = decode(data)
    # Before it is decoded: the decoder recurses, and a process may have lifted Python's own limit.
    _check_depth(data)
    try:
        value = _DECODER.decode(text)
    except ValueError:
        raise Refused(Reason.NOT_JSON, "send one JSON text (RFC 8259)") from None
    # A lone surrogate or a NUL can only have come by an escape: raw, both are refused above.
    if "\\u" in text:
        _check_text(value)
    return value


def read_object(
    value: object, known: frozenset[str], *, versions: tuple[int, ...] = (VERSION,)
) -> dict[str, Any]:
    """A body of one of these versions with no other keys than these; Refused for every other."""
    if not isinstance(value, dict):
        raise Refused(Reason.BAD_SHAPE, "send one object")
    version = value.get("v")
    if isinstance(version, bool) or version not in versions:
        # First, since another version may have other keys.
        advice = f'send "v": {versions[-1]}; for another version, update what answers here'
        raise Refused(Reason.UNKNOWN_VERSION, advice)
    if not known.issuperset(value):
        unknown = len(value.keys() - known)
        advice = f"send no keys but {', '.join(sorted(known))}: {unknown} are not known"
        raise Refused(Reason.UNKNOWN_FIELD, advice)
    return value


def _check_depth(data: bytes) -> None:
    if data.count(b"{") + data.count(b"[") <= DEPTH:
        return
    level = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NOT_BRACKETS):
        level += 1 if bracket in b"[{" else -1
        if level > DEPTH:
            raise Refused(Reason.TOO_DEEP, f"nest at most {DEPTH} levels")


def _check_text(value: object) -> None:
    """Refuse NUL and lone surrogates, wherever they stand in a value."""
    if isinstance(value, str):
        if BROKEN.search(value):
            raise Refused(Reason.BAD_SHAPE, "send strings without NUL and without lone surrogates")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check_text(item)
    elif isinstance(value, list):
        for item in value:
            _check_text(item)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of a JSON text; a key that stands twice is refused."""
    table = dict(pairs)
    if len(table) != len(pairs):
        raise Refused(Reason.DUPLICATE_KEY, "send each key of an object once")
    return table


def _integer(digits: str) -> int | float:
    # A number of JSON is what a double makes of it (RFC 8259, section 6).
    return int(digits) if len(digits) <= DIGITS else _float(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise Refused(Reason.BAD_SHAPE, "send numbers that a double can hold")
    return int(number) if number.is_integer() and abs(number) < EXACT else number


def _no_constant(name: str) -> float:
    """Python's json knows NaN and Infinity; JSON does not."""
    raise Refused(Reason.NOT_JSON, f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_no_constant
)
