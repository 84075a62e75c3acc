"""The receipt cookie's secret, and the handle that is all others know of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable

from ..client import Handle

BYTES = 16
_CHARACTERS = 22


def draw_secret(urandom: Callable[[int], bytes]) -> str:
    """A new secret as the cookie holds it: base64url, without padding."""
    return base64.urlsafe_b64encode(urandom(BYTES)).rstrip(b"=").decode("ascii")


def handle_of(secret: bytes) -> Handle | None:
    """The handle of a secret; None for what is not one, down to its last bit."""
    if len(secret) != _CHARACTERS:
        return None
    try:
        raw = base64.urlsafe_b64decode(secret + b"==")
    except (binascii.Error, ValueError):
        return None
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != secret:
        return None
    return hashlib.sha256(raw).hexdigest()


def all_handles(secrets: Iterable[bytes]) -> frozenset[Handle]:
    """The handles of every receipt of a request, one or several."""
    return frozenset(handle for secret in secrets if (handle := handle_of(secret)) is not None)


def only_handle(secrets: Iterable[bytes]) -> Handle | None:
    """The handle of a request; None where several different receipts leave it open whose it is."""
    handles = {handle_of(secret) for secret in secrets}
    return handles.pop() if len(handles) == 1 else None
