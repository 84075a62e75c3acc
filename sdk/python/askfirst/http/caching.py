"""What caches are told about a page that hung on an answer (M39; RFC 9110, 9111, 9213)."""

from __future__ import annotations

import re
from functools import lru_cache

from askfirst.http.headers import Header, listed

VARY_ON = (b"Cookie", b"Sec-GPC", b"DNT", b"ADPC")
_ALL = b", ".join(VARY_ON)
# A directive, with its value, which may be a quoted string that has commas in it.
_DIRECTIVE = re.compile(rb'[ \t,]*([^,="]+(?:="(?:[^"\\]|\\.)*"|=[^,]*)?)')
_VARY = b"vary"
_CACHE_CONTROL = b"cache-control"
# `private` in Cache-Control means nothing to a cache that was given its own header.
_SURROGATE, _FOR_A_CDN = b"surrogate-control", b"cdn-cache-control"
_SHORTEST = len(_CACHE_CONTROL)


def vary(headers: list[Header]) -> list[Header]:
    """The headers with `Vary` on everything an answer is read from; what stands there stays."""
    places = [
        at for at, (name, _) in enumerate(headers) if len(name) == 4 and name.lower() == _VARY
    ]
    if not places:
        return [*headers, (_VARY, _ALL)]
    members = [member.lower() for member in listed(headers, _VARY)]
    missing = [name for name in VARY_ON if name.lower() not in members]
    if b"*" in members or not missing:
        return headers
    at = places[-1]
    name, value = headers[at]
    merged = b", ".join([*([value] if value.strip() else []), *missing])
    return [*headers[:at], (name, merged), *headers[at + 1 :]]


def private(headers: list[Header], *, stored: bool = True) -> list[Header]:
    """The headers with `Cache-Control: private`: no shared cache may keep the page.

    Without `stored`, the browser's own may not either.
    """
    fields: list[Header] = []
    values: list[bytes] = []
    for header in headers:
        # Of a length that some cache's own header has; only those are compared.
        if len(header[0]) >= _SHORTEST:
            lowered = header[0].lower()
            if lowered == _CACHE_CONTROL:
                values.append(header[1])
                continue
            if lowered == _SURROGATE or lowered.endswith(_FOR_A_CDN):
                continue
        fields.append(header)
    fields.append((_CACHE_CONTROL, _private(tuple(values)) if stored else b"private, no-store"))
    return fields


@lru_cache(maxsize=256)  # an application has few of them
def _private(values: tuple[bytes, ...]) -> bytes:
    directives = [d.strip() for value in values for d in _DIRECTIVE.findall(value)]
    return b", ".join([b"private", *filter(_stays, directives)])


def _stays(directive: bytes) -> bool:
    name = directive.partition(b"=")[0].strip().lower()
    return name not in (b"", b"public", b"private", b"s-maxage")
