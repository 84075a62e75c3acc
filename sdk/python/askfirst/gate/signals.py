"""What the browser says by itself: Sec-GPC and DNT."""

from __future__ import annotations

from ..terms.consent import Signals
from .headers import Headers, listed


def read_signals(headers: Headers, *, under_age: bool = False) -> Signals:
    """The signals of one request.

    Each counts only when a value is exactly `1` (W3C Global Privacy Control, section 3.2);
    `0`, `true`, `1;x` and nothing do not. Of several values one exact `1` is enough.
    """
    return Signals(
        gpc=b"1" in listed(headers, b"sec-gpc"),
        dnt=b"1" in listed(headers, b"dnt"),
        under_age=under_age,
    )
