"""What the browser says by itself: Sec-GPC and DNT."""

from __future__ import annotations

from askfirst.http.headers import Headers, values

from ..terms.consent import Signals


def is_set(value: bytes) -> bool:
    """Whether one of a header's values is exactly `1` (W3C Global Privacy Control, section 3.2).

    `0`, `true`, `1;x` and nothing are not. Servers that join repeated headers use commas.
    """
    return value == b"1" or b"1" in [part.strip(b" \t") for part in value.split(b",")]


def read_signals(headers: Headers) -> Signals:
    """The signals of one request; of several values one that is set is enough."""
    return Signals(
        gpc=any(map(is_set, values(headers, b"sec-gpc"))),
        dnt=any(map(is_set, values(headers, b"dnt"))),
    )
