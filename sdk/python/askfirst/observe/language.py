"""Accept-Language (RFC 9110 section 12.5.4): the language preferred, as BCP 47 writes it."""

from __future__ import annotations

import re

from ..terms.attributes import UNKNOWN, Value
from .recent import Recent

LONGEST = 1024  # characters
_RANGE = re.compile(
    r"[ \t]*(?P<tag>\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)"
    r"[ \t]*(?:;[ \t]*[qQ]=(?P<quality>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?"
)
_TAG = re.compile(
    r"(?P<primary>[a-z]{2,3})(?:-[a-z]{3}){0,3}"
    r"(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?(?=-|$)"
)


def language(header: str) -> Value:
    """Primary language and tag of the range with the highest quality: ("de", "de-AT").

    The tag is language, script and region; variants, extensions and private use are cut, since
    they can say anything. A malformed header, `*` alone and an unregistered form are unknown.
    """
    return (UNKNOWN,) if len(header) > LONGEST else _recent(header)


def _read(header: str) -> Value:
    best: str | None = None
    most = 0.0
    for item in header.split(","):
        if not item.strip(" \t"):
            continue  # RFC 9110 section 5.6.1.2: empty elements are ignored
        read = _RANGE.fullmatch(item)
        if read is None:
            return (UNKNOWN,)
        quality = float(read["quality"] or "1")
        if quality > most and read["tag"] != "*":
            best, most = read["tag"], quality
    return _canonical(best) if best else (UNKNOWN,)


_recent = Recent(_read)


def _canonical(tag: str) -> Value:
    read = _TAG.match(tag.lower())
    if read is None:
        return (UNKNOWN,)
    primary, script, region = read["primary"], read["script"], read["region"]
    parts = [primary]
    if script:
        parts.append(script.title())
    if region:
        parts.append(region.upper())
    return (primary, "-".join(parts))
