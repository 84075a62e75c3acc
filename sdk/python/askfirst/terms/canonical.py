"""Canonical JSON (RFC 8785) for values without floating-point numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

# RFC 7493: integers beyond this are not safe to exchange.
SAFE_INTEGER = 2**53 - 1


def canonical(value: object) -> bytes:
    """The one serialisation of `value`: UTF-8, no spaces, keys ordered by UTF-16 code units.

    Raises ValueError for floats, unsafe integers, lone surrogates and keys that are not strings.
    Source: RFC 8785, sections 3.2.2 and 3.2.3.
    """
    ordered = _ordered(value)
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "strict")


def digest(value: object) -> str:
    """Hex SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _ordered(value: object) -> object:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        if abs(value) > SAFE_INTEGER:
            raise ValueError(f"{value} is not a safe integer (RFC 7493)")
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("keys must be strings")
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _ordered(value[key]) for key in keys}
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    raise ValueError(f"{type(value).__name__} has no canonical form here")
