"""Headers as ASGI gives them: pairs of bytes, names compared without case."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

Header = tuple[bytes, bytes]
Headers = Sequence[Header]

_OWS = b" \t"


def values(headers: Iterable[Header], name: bytes) -> list[bytes]:
    """Every value of a header, in order, without the white space around it."""
    length = len(name)
    return [v.strip(_OWS) for n, v in headers if len(n) == length and n.lower() == name]


def picked(headers: Iterable[Header], names: Collection[bytes]) -> list[Header]:
    """The headers of these names, in order: whoever is handed them reads no other."""
    return [header for header in headers if header[0].lower() in names]


def first(headers: Iterable[Header], name: bytes) -> bytes | None:
    """The only value of a header; None where it is missing or stands there more than once."""
    lines = values(headers, name)
    return lines[0] if len(lines) == 1 else None


def listed(headers: Iterable[Header], name: bytes) -> list[bytes]:
    """The members of a header that is a list (RFC 9110 section 5.6.1), over all its lines."""
    return [part.strip(_OWS) for value in values(headers, name) for part in value.split(b",")]


def without(headers: Iterable[Header], *names: bytes) -> list[Header]:
    """The headers but for these names."""
    return [header for header in headers if header[0].lower() not in names]
