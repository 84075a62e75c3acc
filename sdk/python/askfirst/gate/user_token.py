"""The token of a signed-in user: what leaves the site's own process in place of its id."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

UserId = str | int | UUID

PREFIX = "user:"
LONGEST = 1_000  # characters of an id


def user_tokens(keys: Sequence[bytes], site: str, user_id: UserId | None) -> tuple[str, ...]:
    """`user:` and hex HMAC-SHA256 under each key of the site's state cookie; the last one is sent.

    An id is text, a number or a UUID; nothing for none. Without a key of the site nobody can try
    ids out. Raises TypeError for anything else, ValueError for one that is too long.
    """
    if user_id is None or user_id == "":
        return ()
    if isinstance(user_id, bool) or not isinstance(user_id, str | int | UUID):
        raise TypeError("give the id of a user as text, a number or a UUID")
    text = str(user_id)
    if len(text) > LONGEST:
        raise ValueError(f"give the id of a user in at most {LONGEST} characters")
    framed = len(site).to_bytes(4, "big") + site.encode() + text.encode("utf-8", "surrogatepass")
    message = b"askfirst user 1\0" + framed
    return tuple(PREFIX + hmac.digest(key, message, hashlib.sha256).hex() for key in keys)
