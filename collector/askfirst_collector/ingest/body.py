"""A request body that may be hostile: bounded, in time, in plain UTF-8, JSON that means one thing.

`msgspec` decodes what passed here; it takes duplicate keys (last wins) and NUL, so both are
looked for first.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from askfirst.errors import Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

LIMIT = 65_536  # bytes
SECONDS = 10.0
DEPTH = 8
DIGITS = 20  # of an integer; int() itself is quadratic in them

# An unfinished string matches too, so that no start is ever tried twice (linear in the body).
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


async def read_body(receive: Receive, *, limit: int = LIMIT, seconds: float = SECONDS) -> bytes:
    """The whole body; Refused `too-large` past `limit` bytes, `too-slow` past `seconds`."""
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refused("too-slow", "the connection closed before the body was whole")
                chunk: bytes = message.get("body", b"")
                size += len(chunk)
                if size > limit:
                    raise Refused("too-large", f"send at most {limit} bytes")
                chunks.append(chunk)
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError:
        raise Refused("too-slow", f"send the whole body within {seconds:g} s") from None


def check_headers(headers: Iterable[tuple[bytes, bytes]], *types: str, limit: int = LIMIT) -> str:
    """The media type, one of `types`; refuses a coding, and a length past `limit`, unread."""
    found = ""
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise Refused("encoded-body", "send the body without a content coding")
        if lowered == b"content-length" and value.isdigit() and len(value.lstrip(b"0")) > 0:
            digits = value.lstrip(b"0")
            if len(digits) > 18 or int(digits) > limit:
                raise Refused("too-large", f"send at most {limit} bytes")
        if lowered == b"content-type":
            found = value.partition(b";")[0].strip().lower().decode("latin-1")
    if found not in types:
        raise Refused("unsupported-media-type", f"send {' or '.join(types)}")
    return found


def check_json(data: bytes, *, depth: int = DEPTH) -> None:
    """Refuse what is not one plain JSON text: bad UTF-8, too deep, a key twice, infinite, NUL.

    Raises Refused `not-utf-8`, `too-deep`, `not-json`, `duplicate-key` or `bad-shape`
    (RFC 7493, I-JSON).
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not-utf-8", "send UTF-8") from None
    _check_depth(data, depth)
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise Refused("not-json", "send one JSON text (RFC 8259)") from None
    # A lone surrogate or a NUL can only have come by an escape: raw, both are refused above.
    if "\\u" in text:
        _check_strings(value)


def _check_depth(data: bytes, depth: int) -> None:
    brackets = _STRING.sub(b"", data).translate(None, _NOT_BRACKETS)
    if len(brackets) <= depth:
        return
    level = 0
    for bracket in brackets:
        level += 1 if bracket in b"[{" else -1
        if level > depth:
            raise Refused("too-deep", f"nest at most {depth} levels")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("duplicate-key", "send each key of an object once")
    return found


def _integer(digits: str) -> int:
    if len(digits) > DIGITS:
        raise Refused("bad-shape", f"send integers of at most {DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Refused("bad-shape", "send numbers that a double can hold")
    return number


def _constant(name: str) -> float:
    raise Refused("not-json", f"{name} is not JSON")


def _check_strings(value: object) -> None:
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise Refused("bad-shape", "send strings without NUL and without lone surrogates")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_strings(key)
            _check_strings(item)
    elif isinstance(value, list):
        for item in value:
            _check_strings(item)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
