"""A request body that may be hostile: bounded, in time, in plain UTF-8, JSON that means one thing.

`msgspec` decodes what passed here; it takes duplicate keys (last wins) and NUL, so both are
looked for first.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Protocol, TypeVar

import msgspec

from askfirst.errors import Refused
from askfirst.gate.request import LARGEST
from askfirst.gate.strict_json import check_text, decode, no_constant, unique

DEPTH = 8
EXACT = 2**53  # below it a double tells whole numbers apart
READERS = 2  # policies that one process reads at once
DIGITS = 20  # of an integer that is read as one; int() itself is quadratic in them

# An unfinished string matches too, so that no start is ever tried twice (linear in the body).
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_Value = TypeVar("_Value")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def check_headers(headers: Iterable[tuple[bytes, bytes]], *types: str, limit: int = LARGEST) -> str:
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


def check_json(data: bytes, *, depth: int = DEPTH) -> object:
    """The value of one plain JSON text: refuses bad UTF-8, too deep, a key twice, infinite, NUL.

    Raises Refused `not-utf-8`, `too-deep`, `not-json`, `duplicate-key` or `bad-shape`
    (RFC 7493, I-JSON).
    """
    text = decode(data)
    _check_depth(data, depth)
    try:
        value: object = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise Refused("not-json", "send one JSON text (RFC 8259)") from None
    # A lone surrogate or a NUL can only have come by an escape: raw, both are refused above.
    if "\\u" in text:
        check_text(value)
    return value


async def read_apart(reading: Callable[[], _Value]) -> _Value:
    """What `reading` returns, off the loop: a policy has up to a megabyte.

    A few are read at once and the rest wait in line, so that they take no thread from visitors.
    """
    return await asyncio.get_running_loop().run_in_executor(_readers(os.getpid()), reading)


@lru_cache(maxsize=1)
def _readers(pid: int) -> ThreadPoolExecutor:
    # By process: the threads of a parent are none of its fork's.
    return ThreadPoolExecutor(READERS, thread_name_prefix=f"askfirst-policies-{pid}")


class _Versioned(Protocol):
    @property
    def v(self) -> int: ...


_Contract = TypeVar("_Contract", bound=_Versioned)
_Body = TypeVar("_Body")


def decoded(decoder: msgspec.json.Decoder[_Contract], data: bytes) -> _Contract:
    """A body that `check_json` has passed, as its contract's type; Refused where it is not."""
    try:
        found = decoder.decode(data)
    except msgspec.ValidationError as error:
        raise _not_by_contract(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused("not-json", "send one JSON text (RFC 8259)") from None
    return check_version(found)


def converted(kind: type[_Body], value: object) -> _Body:
    """What `check_json` returned, as `kind`; Refused where it is not by that contract.

    As in JSON Schema, 3.0 is the whole number 3.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _not_by_contract(error) from None


def check_version(found: _Contract) -> _Contract:
    """The same body; Refused where it is of another version."""
    if found.v != 1:
        raise Refused("unknown-version", "send v: 1")
    return found


def _not_by_contract(error: msgspec.ValidationError) -> Refused:
    unknown = "unknown field" in str(error)
    return Refused("unknown-field" if unknown else "bad-shape", str(error)[:200])


def _check_depth(data: bytes, depth: int) -> None:
    brackets = _STRING.sub(b"", data).translate(None, _NOT_BRACKETS)
    if len(brackets) <= depth:
        return
    level = 0
    for bracket in brackets:
        level += 1 if bracket in b"[{" else -1
        if level > depth:
            raise Refused("too-deep", f"nest at most {depth} levels")


def _integer(digits: str) -> int | float:
    # A number of JSON is what a double makes of it (RFC 8259, section 6).
    return int(digits) if len(digits) <= DIGITS else _float(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Refused("bad-shape", "send numbers that a double can hold")
    return int(number) if number.is_integer() and abs(number) < EXACT else number


_DECODER = json.JSONDecoder(
    object_pairs_hook=unique, parse_int=_integer, parse_float=_float, parse_constant=no_constant
)
