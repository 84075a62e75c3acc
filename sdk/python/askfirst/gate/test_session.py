"""A member's session of testing a site: a signed cookie of minutes that no visitor is ever given.

It lets undeclared cookies and reports of the browser pass for the requests that carry it. It says
nothing of who the member is, is good for one site, and its key signs nothing else.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence

from askfirst.http.cookie_header import TEST
from askfirst.http.headers import Header
from askfirst.http.set_cookie import delete, write

SECONDS = 15 * 60  # that a session lasts
_LABEL = b"askfirst test session 1"
_TOKEN = re.compile(rb"([0-9]{1,12})\.([A-Za-z0-9_-]{43})")


def start(site: str, keys: Sequence[bytes], *, now: float) -> Header:
    """The line that starts a session; for members who are signed in, and nobody else."""
    expires = int(now) + SECONDS
    value = f"{expires}.{_mark(keys[-1], site, expires).decode('ascii')}"
    return write(TEST, value, expires=expires, same_site="Strict", http_only=True)


def end() -> Header:
    """The line that ends it."""
    return delete(TEST, same_site="Strict", http_only=True)


def is_session(token: bytes, site: str, keys: Sequence[bytes], *, now: float) -> bool:
    """Whether any of the site's keys signed this, and it still holds. `now` in unix seconds."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return False
    expires = int(match[1])
    if not now < expires <= now + SECONDS:
        return False
    return any(hmac.compare_digest(match[2], _mark(key, site, expires)) for key in keys)


def _mark(key: bytes, site: str, expires: int) -> bytes:
    own = hmac.digest(key, _LABEL, "sha256")
    # A site's name has no blank in it.
    mark = hmac.digest(own, f"{site} {expires}".encode(), "sha256")
    return base64.urlsafe_b64encode(mark).rstrip(b"=")
