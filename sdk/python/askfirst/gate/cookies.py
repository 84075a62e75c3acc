"""The Cookie header: split as browsers join it, read, and thinned without touching the rest.

Raw bytes throughout: a value may hold 8-bit text, quotes, JSON or NUL, and no chunk may hide
another one (RFC 6265bis section 5.8.3: chunks are joined by "; ", and nothing quotes a ";").
"""

from __future__ import annotations

from .headers import Header, Headers

STATE = b"__Host-askfirst"
RECEIPT = b"__Host-askfirst-receipt"
# A cookie of a parent domain cannot have the prefix; it may only narrow (M40).
PARENT = b"askfirst"
OWN = frozenset({STATE, RECEIPT, PARENT})

_BLANK = b" \t"
_EMPTY = _BLANK + b";"


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


def find(value: bytes, needle: bytes) -> list[Header]:
    """Name and value of each chunk of a Cookie header that contains `needle`, in order."""
    return [split(value[start:end]) for start, end in _chunks(value, needle)]


def _chunks(value: bytes, needle: bytes) -> list[tuple[int, int]]:
    # A search for bytes, so that the other cookies cost nothing.
    found = []
    at, whole = value.find(needle), len(value)
    while at >= 0:
        end = value.find(b";", at)
        if end < 0:
            end = whole
        found.append((value.rfind(b";", 0, at) + 1, end))
        at = value.find(needle, end) if end < whole else -1
    return found


def take(headers: Headers, wanted: bytes) -> tuple[Headers, tuple[bytes, ...]]:
    """The headers without one cookie, every other byte as it was; and the values it had.

    The same headers where none has it.
    """
    kept: list[Header | None] = []
    taken: list[bytes] = []
    for at, (name, value) in enumerate(headers):
        if len(name) == 6 and wanted in value and name.lower() == b"cookie":
            rest, found = _thin(value, wanted)
            kept = kept or [*headers]
            kept[at] = (name, rest) if rest.strip(_EMPTY) else None
            taken += found
    if not kept:
        return headers, ()
    return [header for header in kept if header is not None], tuple(taken)


def _thin(value: bytes, wanted: bytes) -> tuple[bytes, list[bytes]]:
    # Pieces that are joined once: a header of nothing but receipts costs no more than its length.
    taken: list[bytes] = []
    pieces: list[bytes] = []
    kept_to = 0
    is_first = False
    for start, end in _chunks(value, wanted):
        name, text = split(value[start:end])
        if name == wanted:
            taken.append(text)
            pieces.append(value[kept_to : max(start - 1, 0)])
            kept_to = end
            is_first = is_first or not start
    rest = b"".join([*pieces, value[kept_to:]])
    # The first chunk has no separator before it: the one behind it goes with it.
    return (rest.removeprefix(b";").lstrip(_BLANK) if is_first else rest), taken
