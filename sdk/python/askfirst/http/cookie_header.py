"""The Cookie header: split as browsers join it, read, and thinned without touching the rest.

Raw bytes throughout: a value may hold 8-bit text, quotes, JSON or NUL, and no chunk may hide
another one (RFC 6265bis section 5.8.3: chunks are joined by "; ", and nothing quotes a ";").
"""

from __future__ import annotations

import re

from askfirst.http.headers import Header, Headers
from askfirst.http.mount import cookie_suffix

STATE = b"__Host-askfirst"
RECEIPT = b"__Host-askfirst-receipt"
# A cookie of a parent domain cannot have the prefix; it may only narrow (M40).
PARENT = b"askfirst"
# A member's own, while they test the site.
TEST = b"__Host-askfirst-test"
OWN = frozenset({STATE, RECEIPT, PARENT, TEST})
# Ours, also those of another site of the same origin.
_OURS = re.compile(rb"(?:__Host-askfirst(-receipt)?)(?:\.[0-9a-f]{8})?")

_BLANK = b" \t"
_EMPTY = _BLANK + b";"


def split(chunk: bytes) -> Header:
    """Name and value of one chunk; one without `=` has an empty name (RFC 6265bis)."""
    name, equals, value = chunk.partition(b"=")
    if not equals:
        return b"", chunk.strip(_BLANK)
    return name.strip(_BLANK), value.strip(_BLANK)


def named(name: bytes) -> bytes:
    """The name of one of our two cookies at the site of this request."""
    return name + cookie_suffix()


def is_ours(name: bytes) -> bool:
    """Whether it is one of ours, at this site or at another one of its origin."""
    return name in OWN or _OURS.fullmatch(name) is not None


def read_cookies(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Every cookie of a request, in order, repetitions included."""
    return [
        split(chunk)
        for name, value in headers
        if len(name) == 6 and name.lower() == b"cookie"
        for chunk in value.split(b";")
        if chunk.strip(_BLANK)
    ]


def own(value: bytes) -> tuple[bytes, list[Header], list[bytes]]:
    """A Cookie header without its receipts; our other cookies; the values of this site's receipts.

    The receipts of another site on this origin go too, unread. Of this site's state cookie the name
    is `STATE`, however it came. Every byte of the others stays; the same object where all did.
    """
    states: list[Header] = []
    secrets: list[bytes] = []
    # Pieces that are joined once: a header of nothing but receipts costs no more than its length.
    pieces: list[bytes] = []
    kept_to, whole = 0, len(value)
    is_first = False
    state, receipt = named(STATE), named(RECEIPT)
    # A search for bytes, so that the other cookies cost nothing; the name is within the others.
    at = value.find(PARENT)
    while at >= 0:
        start = value.rfind(b";", 0, at) + 1
        end = value.find(b";", at)
        if end < 0:
            end = whole
        cookie = split(value[start:end])
        ours = _OURS.fullmatch(cookie[0])
        if ours is not None and ours[1]:
            if cookie[0] == receipt:
                secrets.append(cookie[1])
            pieces.append(value[kept_to : max(start - 1, 0)])
            kept_to = end
            is_first = is_first or not start
        elif cookie[0] == state:
            states.append((STATE, cookie[1]))
        elif cookie[0] in (PARENT, TEST):
            states.append(cookie)
        at = value.find(PARENT, end) if end < whole else -1
    if not pieces:
        return value, states, secrets
    rest = b"".join([*pieces, value[kept_to:]])
    if is_first:
        # The first chunk has no separator before it: the one behind it goes with it.
        rest = rest.removeprefix(b";").lstrip(_BLANK)
    return (rest if rest.strip(_EMPTY) else b""), states, secrets
