"""Where a request comes from, as far as the browser says."""

from __future__ import annotations

from collections.abc import Collection

from askfirst.gate.headers import Headers, values


def same_origin(headers: Headers, origins: Collection[str]) -> bool:
    """Whether the site itself sends (M47): by Sec-Fetch-Site, without it by an Origin of the site.

    Neither, `null`, or a header that is repeated is not the site. Fetch Metadata, section 2.3.
    """
    fetch = values(headers, b"sec-fetch-site")
    if fetch:
        return fetch == [b"same-origin"]
    return exact_origin(headers, origins) is not None


def exact_origin(headers: Headers, origins: Collection[str]) -> bytes | None:
    """The one Origin of the request if it is among the site's own (RFC 6454 section 7)."""
    found = values(headers, b"origin")
    if len(found) != 1 or found[0] == b"null":
        return None
    return found[0] if found[0].decode("latin-1") in origins else None
