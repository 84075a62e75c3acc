"""The gate's word that it served a page: what an event of a placed collector shows for its page.

An event says itself which page it is from; that a visitor was there, on a page the collector stands
on, the gate says (M49). The word is the same for every visitor of that page and day, so pages stay
byte-identical and caches may keep them (M39); it is good for that UTC day and the next one.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote, unquote_to_bytes

from askfirst.gate.placed_on_page import active_on
from askfirst.http.headers import Header, Headers, first, listed
from askfirst.terms.edition import Edition

HEADER = b"server-timing"  # what a page's own script may read of its response
METRIC = b"askfirst"
DAY = 86_400
_LABEL = b"askfirst vouch 1"
_SAFE = "/:@!$&'()*+,;=~-._"  # what a path holds unescaped (RFC 3986 section 3.3)


class PageTokens:
    """Vouches under keys derived from the site's cookie keys, newest last. `now`: unix seconds."""

    def __init__(self, keys: Sequence[bytes], *, now: Callable[[], float]) -> None:
        self._keys = tuple(hmac.digest(key, _LABEL, "sha256") for key in keys)
        self._now = now

    def sign(self, collector: str, path: str) -> str:
        """The word of today for a page: 43 characters of base64url."""
        return _word(self._keys[-1], collector, _normal(path), self._today())

    def holds(self, collector: str, path: str, vouch: str) -> bool:
        """Whether any of the keys gave this word for the page, today or yesterday."""
        if not vouch.isascii():
            return False
        today, normal = self._today(), _normal(path)
        return any(
            hmac.compare_digest(_word(key, collector, normal, day), vouch)
            for key in self._keys
            for day in (today, today - 1)
        )

    def told(
        self,
        headers: list[Header],
        edition: Edition,
        *,
        status: int,
        path: Callable[[], str],
        host: str,
    ) -> list[Header]:
        """The headers of a response with the words for its page; the same where nobody asks it.

        `path` gives it as the browser sent it; it may have a query.
        """
        if not _is_document(status, headers):
            return headers
        page = path()
        metrics = [self._metric(placed.name, page) for placed in active_on(edition, page, host)]
        return _joined(headers, metrics) if metrics else headers

    def _metric(self, collector: str, path: str) -> bytes:
        word = f"{collector}.{self.sign(collector, path)}"
        return METRIC + b';desc="' + word.encode("ascii") + b'"'

    def _today(self) -> int:
        return int(self._now()) // DAY


def _word(key: bytes, collector: str, path: str, day: int) -> str:
    parts = (collector.encode("utf-8", "replace"), path.encode("ascii"), str(day).encode("ascii"))
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return base64.urlsafe_b64encode(hmac.digest(key, framed, "sha256")).rstrip(b"=").decode("ascii")


def _normal(path: str) -> str:
    """The path with its escapes written one way: some servers hand it on decoded."""
    alone = path.partition("?")[0].partition("#")[0]
    return quote(unquote_to_bytes(alone.encode("utf-8", "replace")), safe=_SAFE)


def _is_document(status: int, headers: Headers) -> bool:
    kind = (first(headers, b"content-type") or b"").partition(b";")[0].strip().lower()
    if status == 304:
        # What a browser has kept is shown again under these headers (RFC 9111 section 3.2).
        return kind in (b"", b"text/html")
    return 200 <= status < 300 and kind == b"text/html"


def _joined(headers: list[Header], metrics: list[bytes]) -> list[Header]:
    """One line with what the application says itself: some shells have room for no second one."""
    own = [metric for metric in listed(headers, HEADER) if metric]
    missing = [metric for metric in metrics if metric not in own]
    if not missing:
        return headers
    rest = [header for header in headers if header[0].lower() != HEADER]
    return [*rest, (HEADER, b", ".join([*_lines(headers), *missing]))]


def _lines(headers: Headers) -> Iterator[bytes]:
    return (value.strip() for name, value in headers if name.lower() == HEADER and value.strip())
