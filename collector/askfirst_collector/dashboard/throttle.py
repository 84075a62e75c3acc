"""Slows guessing, by account in every worker together, and by network in each of them.

Of an address only a keyed hash is in memory, and its key is renewed every ten minutes: what several
workers would share of it would have to be on disk.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from askfirst_collector.registry.tries import FORGET_AFTER, LARGEST_COUNT, Tries, wait_after

KEY_SECONDS = 600.0  # the key that hides addresses is renewed this often


@dataclass(frozen=True)
class Failures:
    """How often it went wrong, and when last (unix seconds)."""

    count: int
    last: float


class Throttle:
    """Counts failures of the last minutes; `urandom` draws the key of the networks."""

    def __init__(
        self, tries: Tries, *, now: Callable[[], float], urandom: Callable[[int], bytes]
    ) -> None:
        self._tries = tries
        self._now = now
        self._urandom = urandom
        self._failures: OrderedDict[bytes, Failures] = OrderedDict()
        self._keys = (urandom(32), urandom(32))  # the present one, the one before
        self._renewed = now()
        self._lock = threading.Lock()

    def admit(self, account: str, address: str) -> float:
        """Seconds to wait before this account or network may try; 0 lets one try in. Blocks.

        A try counts as a failure until `succeeded`: many at the same moment must not all get in.
        """
        now = self._now()
        with self._lock:
            self._renew(now)
            present, before = (_hidden(key, address) for key in self._keys)
            known = (self._failures.get(name) for name in (present, before))
            wait = max(wait_after(each.count, each.last, now) if each else 0.0 for each in known)
            if wait > 0:
                return wait
            self._count(present, before, now)
        wait = self._tries.admit(account)
        if wait > 0:
            self._uncount(address)
        return wait

    def succeeded(self, account: str, address: str) -> None:
        """The right password: the account starts anew, and the network has one failure fewer."""
        self._tries.succeeded(account)
        self._uncount(address)

    def _uncount(self, address: str) -> None:
        with self._lock:
            for key in self._keys:
                name = _hidden(key, address)
                known = self._failures.get(name)
                if known is not None:
                    self._failures[name] = Failures(known.count - 1, known.last)

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


def _hidden(key: bytes, address: str) -> bytes:
    text = _network(address).encode("utf-8", "surrogatepass")
    return hmac.digest(key, b"network\0" + text, hashlib.sha256)


def _network(address: str) -> str:
    """The /24 or /56 of an address; what is no address counts as one network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 56), strict=False))
