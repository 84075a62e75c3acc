"""What the browser says by itself: Sec-GPC, DNT, ADPC, and by an adapter that it is a child's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from askfirst.http.headers import Header, Headers, picked, values

from ..terms.consent import Decisions, Signals

SIGNALS = frozenset({b"sec-gpc", b"dnt", b"adpc"})  # the headers
_SILENT = Signals()  # most browsers
# Whether a request is a child's: a function of its headers, or one of ours by its name.
AgeSignal = Callable[[Headers], bool] | Literal["prefer-safe"]
# How the rest of the gate is told: as a browser that takes everything back. A browser that sends
# one of these by itself is heard too; it can only narrow.
_UNDER_AGE = b"under-age"
UNDER_AGE: Header = (b"adpc", b"withdraw=*; under-age")
UNSURE: Header = (b"adpc", b"under-age=unknown")  # nothing for this request, and nothing recorded

# ADPC, section 7.2: one identifier, or several between quotes. Lists are joined by commas; senders
# are about that write semicolons.
_DECISION = re.compile(rb'(?:^|[,;])\s*(withdraw|object|consent)\s*=\s*("[^"]*"?|[^\s,;"]*)', re.I)


def is_set(value: bytes) -> bool:
    """Whether one of a header's values is exactly `1` (W3C Global Privacy Control, section 3.2).

    `0`, `true`, `1;x` and nothing are not. Servers that join repeated headers use commas.
    """
    return value == b"1" or b"1" in [part.strip(b" \t") for part in value.split(b",")]


def read_decisions(value: bytes) -> Decisions | None:
    """What the lines of `ADPC`, joined by commas, decide; None where they decide nothing."""
    names: dict[str, set[str]] = {"withdraw": set(), "object": set(), "consent": set()}
    for what, listed in _DECISION.findall(value):
        names[what.decode().lower()].update(listed.strip(b'"').decode("latin-1").split())
    if not names["withdraw"] and not names["object"]:
        return None  # consent alone grants nothing, and takes nothing back
    return Decisions(**{what: frozenset(listed) for what, listed in names.items()})


def prefers_safe(headers: Headers) -> bool:
    """Whether the system's parental controls speak: `Prefer: safe` (RFC 8674)."""
    preferences = b",".join(values(headers, b"prefer")).lower()
    return any(part.partition(b";")[0].strip() == b"safe" for part in preferences.split(b","))


def is_under_age(adpc: bytes) -> bool:
    """Whether the lines of `ADPC`, joined by commas, say that a request may be a child's."""
    return _UNDER_AGE in adpc.lower()


def read_signals(headers: Headers) -> Signals:
    """The signals of one request; of several values one that is set is enough."""
    headers = picked(headers, SIGNALS)
    if not headers:
        return _SILENT
    adpc = b",".join(values(headers, b"adpc"))
    return Signals(
        gpc=any(map(is_set, values(headers, b"sec-gpc"))),
        dnt=any(map(is_set, values(headers, b"dnt"))),
        under_age=is_under_age(adpc),
        decisions=read_decisions(adpc),
    )
