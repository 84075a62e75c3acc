"""Canonical JSON (RFC 8785) for values without floating-point numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

# RFC 7493: integers beyond this are not safe to exchange.
SAFE_INTEGER = 2**53 - 1

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def canonical(value: object) -> bytes:
    """The one serialisation of `value`: UTF-8, no spaces, keys ordered by UTF-16 code units.

    Raises ValueError for floats, unsafe integers, lone surrogates and keys that are not strings.
    Source: RFC 8785, sections 3.2.2 and 3.2.3.
    """
    return _encode(_ordered(value)).encode("utf-8", "strict")


def digest(value: object) -> str:
    """Hex SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _ordered(value: object) -> object:
    if type(value) is dict:  # nearly all there is are tables of texts
        return {
            key: item if type(item := value[key]) is str else _ordered(item)
            for key in _sorted(value)
        }
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        if abs(value) > SAFE_INTEGER:
            raise ValueError(f"{value} is not a safe integer (RFC 7493)")
        return value
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in _sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    raise ValueError(f"{type(value).__name__} has no canonical form here")


def _sorted(keys: Collection[str]) -> list[str]:
    try:
        is_ascii = "".join(keys).isascii()
    except TypeError:
        raise ValueError("keys must be strings") from None
    # Characters of one unit each are in the order of their units.
    return sorted(keys) if is_ascii else sorted(keys, key=lambda key: key.encode("utf-16-be"))
