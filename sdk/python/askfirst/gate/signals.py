"""What the browser says by itself: Sec-GPC, DNT and ADPC."""

from __future__ import annotations

import re

from askfirst.http.headers import Headers, picked, values

from ..terms.consent import Decisions, Signals

SIGNALS = frozenset({b"sec-gpc", b"dnt", b"adpc"})  # the headers
_SILENT = Signals()  # most browsers
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


def read_signals(headers: Headers) -> Signals:
    """The signals of one request; of several values one that is set is enough."""
    headers = picked(headers, SIGNALS)
    if not headers:
        return _SILENT
    return Signals(
        gpc=any(map(is_set, values(headers, b"sec-gpc"))),
        dnt=any(map(is_set, values(headers, b"dnt"))),
        decisions=read_decisions(b",".join(values(headers, b"adpc"))),
    )
