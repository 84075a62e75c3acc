"""The Cookie header: split as browsers join it, read, and thinned without touching the rest.

Raw bytes throughout: a value may hold 8-bit text, quotes, JSON or NUL, and no chunk may hide
another one (RFC 6265bis section 5.8.3: chunks are joined by "; ", and nothing quotes a ";").
"""

from __future__ import annotations

from collections.abc import Iterable

from .headers import Header, Headers

STATE = b"__Host-askfirst"
RECEIPT = b"__Host-askfirst-receipt"
# A cookie of a parent domain cannot have the prefix; it may only narrow (M40).
PARENT = b"askfirst"
OWN = frozenset({STATE, RECEIPT, PARENT})

_BLANK = b" \t"


def split(chunk: bytes) -> Header:
    """Name and value of one chunk; one without `=` has an empty name (RFC 6265bis)."""
    name, equals, value = chunk.partition(b"=")
    if not equals:
        return b"", chunk.strip(_BLANK)
    return name.strip(_BLANK), value.strip(_BLANK)


def read_cookies(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Every cookie of a request, in order, repetitions included."""
    return [
        split(chunk)
        for name, value in headers
        if len(name) == 6 and name.lower() == b"cookie"
        for chunk in value.split(b";")
        if chunk.strip(_BLANK)
    ]


def take(headers: list[Header], wanted: bytes) -> tuple[list[Header], list[bytes]]:
    """The headers without one cookie, every other byte as it was; and the values it had."""
    kept: list[Header] = []
    taken: list[bytes] = []
    for name, value in headers:
        if len(name) != 6 or wanted not in value or name.lower() != b"cookie":
            kept.append((name, value))
            continue
        rest, found = _thin(value, wanted)
        taken += found
        if not found:
            kept.append((name, value))
        elif rest.strip(_BLANK + b";"):
            kept.append((name, rest))
    return kept, taken


def _thin(value: bytes, wanted: bytes) -> tuple[bytes, list[bytes]]:
    chunks = value.split(b";")
    found = [split(chunk) for chunk in chunks]
    kept = [chunk for chunk, (name, _) in zip(chunks, found, strict=True) if name != wanted]
    if len(kept) < len(chunks) and kept and found[0][0] == wanted:
        kept[0] = kept[0].lstrip(_BLANK)
    return b";".join(kept), [text for name, text in found if name == wanted]


def only(cookies: Iterable[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    """The different values of one cookie, in order."""
    return list(dict.fromkeys(value for name, value in cookies if name == wanted))
