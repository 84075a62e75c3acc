"""Where a request comes from, and where an answer may send a visitor (M47)."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote

from askfirst.http.headers import Headers, values

from ..errors import Reason, Refused

LONGEST_PATH = 2048
_FRAMES = frozenset({b"iframe", b"frame", b"embed", b"object", b"fencedframe"})
_SAFE = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")


def same_origin(headers: Headers, origins: Collection[str]) -> bool:
    """Whether the site itself sent the request (Fetch Metadata, section 2.3).

    `Sec-Fetch-Site` decides where it is (browsers forbid scripts to write it); else `Origin` must
    be one of the site's. `Origin: null` beside `same-origin` is what `no-referrer` makes of it.
    """
    sites = values(headers, b"sec-fetch-site")
    if sites:
        return sites == [b"same-origin"]
    return exact_origin(headers, origins) is not None


def exact_origin(headers: Headers, origins: Collection[str]) -> bytes | None:
    """The one `Origin` of the request if it is among `origins` (RFC 6454, section 7)."""
    sent = values(headers, b"origin")
    if len(sent) != 1 or sent[0] == b"null":
        return None
    return sent[0] if sent[0].decode("latin-1") in origins else None


def same_referer(headers: Headers, origins: Collection[str]) -> bool:
    """Whether a browser that sends neither header says by its `Referer` alone that it is the site.

    Text browsers do (Lynx, w3m). Good for refusing and withdrawing, never for agreeing (M47).
    """
    if values(headers, b"sec-fetch-site") or values(headers, b"origin"):
        return False
    sent = values(headers, b"referer")
    return len(sent) == 1 and any(
        sent[0].decode("latin-1").startswith(f"{origin}/") for origin in origins
    )


def is_framed(headers: Headers) -> bool:
    """Whether the document is for a frame, by what browsers say (Fetch Metadata, section 2.1)."""
    return not _FRAMES.isdisjoint(values(headers, b"sec-fetch-dest"))


def check_origin(headers: Headers, origins: Collection[str]) -> None:
    """Refuse what another site, or nobody that can be told, sent."""
    if not same_origin(headers, origins):
        raise Refused(Reason.CROSS_ORIGIN, "send this from a page of the site itself")


def local_path(wanted: str | None) -> str:
    """The path to go back to, or `/` for whatever may lead away from this origin.

    Browsers read `/\\` as `//` and skip tabs and line breaks, so none of them is let through.
    """
    if wanted is None or len(wanted) > LONGEST_PATH or not _SAFE.fullmatch(wanted):
        return "/"
    try:
        return quote(wanted, safe="/:?#[]@!$&'()*+,;=%~-._")
    except UnicodeEncodeError:
        return "/"
