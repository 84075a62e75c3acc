"""What caches are told about a page that hung on an answer (M39; RFC 9110, 9111, 9213)."""

from __future__ import annotations

import re

from .headers import Header, listed

VARY_ON = (b"Cookie", b"Sec-GPC", b"DNT")
_ALL = b", ".join(VARY_ON)
# A directive, with its value, which may be a quoted string that has commas in it.
_DIRECTIVE = re.compile(rb'[ \t,]*([^,="]+(?:="(?:[^"\\]|\\.)*"|=[^,]*)?)')
# `private` in Cache-Control means nothing to a cache that was given its own header.
_FOR_SHARED_CACHES = (b"surrogate-control",)


def vary(headers: list[Header]) -> list[Header]:
    """The headers with `Vary` on everything an answer is read from; what stands there stays."""
    named = [member.lower() for member in listed(headers, b"vary")]
    if not named:
        return [*headers, (b"vary", _ALL)]
    missing = [name for name in VARY_ON if name.lower() not in named]
    if b"*" in named or not missing:
        return headers
    at = max(i for i, (name, _) in enumerate(headers) if name.lower() == b"vary")
    name, value = headers[at]
    merged = b", ".join([*([value] if value.strip() else []), *missing])
    return [*headers[:at], (name, merged), *headers[at + 1 :]]


def private(headers: list[Header]) -> list[Header]:
    """The headers with `Cache-Control: private`: no shared cache may keep the page."""
    kept: list[Header] = []
    directives = [b"private"]
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"cache-control":
            directives += [d for d in map(bytes.strip, _DIRECTIVE.findall(value)) if _stays(d)]
        elif lowered not in _FOR_SHARED_CACHES and not lowered.endswith(b"cdn-cache-control"):
            kept.append((name, value))
    return [*kept, (b"cache-control", b", ".join(directives))]


def _stays(directive: bytes) -> bool:
    name = directive.partition(b"=")[0].strip().lower()
    return name not in (b"", b"public", b"private", b"s-maxage")
