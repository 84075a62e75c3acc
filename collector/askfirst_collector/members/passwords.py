"""Passwords: Argon2id, a bounded number at once, and as slow for nobody as for somebody."""

from __future__ import annotations

import base64
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

SHORTEST_PASSWORD = 12  # characters
LONGEST_PASSWORD = 256  # characters; hashing time must stay bounded


class Passwords:
    """Hashes and checks; Argon2 takes 64 MiB for each, so no more than two at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._hashing = threading.BoundedSemaphore(2)
        self._nobody = _of_nobody(self._hasher)

    def hash(self, password: str) -> str:
        """The PHC string to keep."""
        with self._hashing:
            return self._hasher.hash(password)

    def fits(self, password_hash: str | None, password: str) -> bool:
        """Whether a password fits; without a kept one it takes as long, and never does."""
        with self._hashing:
            try:
                return self._hasher.verify(password_hash or self._nobody, password) and bool(
                    password_hash
                )
            except (VerifyMismatchError, InvalidHashError):
                return False


def password_problem(password: str, name: str) -> str | None:
    """What to do about a password that cannot be used; None when it can."""
    if len(password) < SHORTEST_PASSWORD:
        return f"Use at least {SHORTEST_PASSWORD} characters. A few words make a good one."
    if len(password) > LONGEST_PASSWORD:
        return f"Use at most {LONGEST_PASSWORD} characters."
    if len(set(password)) < 5 or password.casefold() in (name.casefold() * 5)[: len(password)]:
        return "Use something harder to guess: not one character repeated, and not your name."
    return None


def _of_nobody(hasher: PasswordHasher) -> str:
    """What an unknown name is compared with: the form of a hash, of no password at all.

    It is not computed: the first to ask for an unknown name would wait twice as long.
    """
    salt, digest = (
        base64.b64encode(bytes(size)).rstrip(b"=").decode()
        for size in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"
