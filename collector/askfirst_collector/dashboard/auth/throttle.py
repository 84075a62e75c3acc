"""Slows guessing, by account in every worker together, and by network in each of them.

Whoever guesses must not shut the door for whom it is: a browser that has been in before is counted
by itself, and no guessing elsewhere holds it up; from a network that somebody signed in from a
moment ago, nobody stands in the account's line; everybody else does, and the line moves on.

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

from askfirst_collector.members.login_attempts import (
    FORGET_AFTER,
    LARGEST_COUNT,
    LONGEST_LINE,
    Tries,
    wait_after,
)

KEY_SECONDS = 600.0  # the key that hides addresses is renewed this often


@dataclass(frozen=True)
class Turn:
    """What becomes of a try: refused for some seconds, or let in after some, or at once."""

    refused: float = 0.0  # seconds to wait before the next try
    hold: float = 0.0  # seconds to hold this one back


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
        self._right: OrderedDict[bytes, None] = OrderedDict()  # account and network that signed in
        self._keys = (urandom(32), urandom(32))  # the present one, the one before
        self._renewed = now()
        self._lock = threading.Lock()

    def admit(self, account: str, address: str, known: str = "") -> Turn:
        """When this account may be tried from this network, or this `known` browser. Blocks.

        A try counts as a failure until `succeeded`: many at the same moment must not all get in.
        """
        if known:
            return Turn(refused=self._tries.admit(_of_browser(known)))
        now = self._now()
        with self._lock:
            self._renew(now)
            present, before = (_hidden(key, address) for key in self._keys)
            known_failures = [self._failures.get(name) for name in (present, before)]
            wait = max(
                wait_after(failures.count, failures.last, now) if failures else 0.0
                for failures in known_failures
            )
            if wait > 0:
                return Turn(refused=wait)
            # Whoever has failed here before lines up in half of the line, and leaves the rest.
            failed = any(failures is not None and failures.count > 0 for failures in known_failures)
            right = any(_hidden(key, address, account) in self._right for key in self._keys)
            self._count(present, before, now)
        hold = 0.0 if right else self._tries.line_up(account, LONGEST_LINE / (2 if failed else 1))
        if hold is None:
            self._uncount(address)
            return Turn(refused=LONGEST_LINE / 2)
        return Turn(hold=hold)

    def succeeded(self, account: str, address: str, known: str = "") -> None:
        """The right password: its account or browser starts anew, its network has one fewer."""
        self._tries.succeeded(_of_browser(known) if known else account)
        if not known:
            self._uncount(address)
        with self._lock:
            self._right[_hidden(self._keys[0], address, account)] = None
            while len(self._right) > LARGEST_COUNT:
                self._right.popitem(last=False)

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


def _of_browser(known: str) -> str:
    return f"browser\0{known}"


def _hidden(key: bytes, address: str, account: str = "") -> bytes:
    text = f"{_network(address)}\0{account.casefold()}".encode("utf-8", "surrogatepass")
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
