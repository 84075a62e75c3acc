"""Slows guessing, by account and by network; of an address only a keyed hash is in memory."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES = 5
LONGEST_WAIT = 300.0  # seconds; longer would let anyone lock the admin out
FORGET_AFTER = 900.0  # seconds without a failure
LARGEST_COUNT = 10_000  # keys in memory
KEY_SECONDS = 600.0  # the key that hides addresses is renewed this often


@dataclass(frozen=True)
class Failures:
    """How often it went wrong, and when last (unix seconds)."""

    count: int
    last: float

    def wait(self, now: float) -> float:
        """Seconds until the next try is let in."""
        if self.count < FREE_TRIES:
            return 0.0
        pause = min(2.0 ** (self.count - FREE_TRIES), LONGEST_WAIT)
        return max(0.0, self.last + pause - now)


class Throttle:
    """Counts failures of the last minutes; `urandom` draws the key under which they are counted."""

    def __init__(self, *, now: Callable[[], float], urandom: Callable[[int], bytes]) -> None:
        self._now = now
        self._urandom = urandom
        self._failures: OrderedDict[bytes, Failures] = OrderedDict()
        self._keys = (urandom(32), urandom(32))  # the present one, the one before
        self._renewed = now()
        self._lock = threading.Lock()

    def admit(self, account: str, address: str) -> float:
        """Seconds to wait before this account or network may try; 0 lets one try in.

        A try counts as a failure until `succeeded`: many at the same moment must not all get in.
        """
        now = self._now()
        with self._lock:
            self._renew(now)
            pairs = [_names(secret, account, address) for secret in self._keys]
            wait = max(
                self._failures[key].wait(now) if key in self._failures else 0.0
                for pair in pairs
                for key in pair
            )
            if wait <= 0:
                for present, before in zip(*pairs, strict=True):
                    self._count(present, before, now)
            return wait

    def succeeded(self, account: str, address: str) -> None:
        """The right password: the account starts anew, and the network has one failure fewer."""
        with self._lock:
            for secret in self._keys:
                of_account, of_network = _names(secret, account, address)
                self._failures.pop(of_account, None)
                known = self._failures.get(of_network)
                if known is not None:
                    self._failures[of_network] = Failures(known.count - 1, known.last)

    def _count(self, present: bytes, before: bytes, now: float) -> None:
        known = self._failures.pop(present, None) or self._failures.get(before)
        stale = known is None or now - known.last > FORGET_AFTER
        self._failures[present] = Failures(1 if stale or known is None else known.count + 1, now)
        while len(self._failures) > LARGEST_COUNT:
            self._failures.popitem(last=False)

    def _renew(self, now: float) -> None:
        if now - self._renewed >= KEY_SECONDS:
            self._keys = (self._urandom(32), self._keys[0])
            self._renewed = now


def _names(secret: bytes, account: str, address: str) -> tuple[bytes, bytes]:
    return (
        _hidden(secret, b"account", account.casefold()),
        _hidden(secret, b"network", _network(address)),
    )


def _hidden(secret: bytes, kind: bytes, value: str) -> bytes:
    text = value.encode("utf-8", "surrogatepass")
    return hmac.digest(secret, kind + b"\0" + text, hashlib.sha256)


def _network(address: str) -> str:
    """The /24 or /56 of an address; what is no address counts as one network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 56), strict=False))
