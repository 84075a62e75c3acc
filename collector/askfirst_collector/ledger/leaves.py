"""The leaf of a ledger entry: what stays of it, and says nothing, once the entry is erased."""

from __future__ import annotations

import hashlib
import hmac

SALT = 32  # bytes


def leaf_hash(salt: bytes, entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ HMAC(salt, entry)) of an entry's canonical JSON (RFC 6962 section 2.1).

    The salt is drawn for each entry and erased with it: without it no entry can be tried out.
    """
    return hashlib.sha256(b"\0" + hmac.digest(salt, entry, hashlib.sha256)).digest()
