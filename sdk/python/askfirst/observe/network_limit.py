"""How much one network may ask for: counted in memory alone, under a key that is soon forgotten.

Each process counts for itself and a restart begins anew: this bounds work and disk, it is no
account.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from .address import Address, read_address

WINDOW = 600  # seconds a key lives; what was counted under it goes with it
MOST_IN_WINDOW = 12_000  # requests of one network
MOST_GRANTS = 1_200  # of one network in a window; each is kept for years
REMEMBERED = 100_000  # networks
KEY = 16  # bytes

# Proxies that nobody configured, and developers: everyone would share their one number.
_LOCAL = (
    IPv4Network("127.0.0.0/8"),
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv6Network("::1/128"),
    IPv6Network("fc00::/7"),
    IPv6Network("fe80::/10"),
)
# From which nobody comes (RFC 5737, RFC 3849).
_DOCUMENTATION = (
    IPv4Network("192.0.2.0/24"),
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv6Network("2001:db8::/32"),
)
_LOCAL_BYTES = frozenset({0, 10, 127, 172, 192, 0xFC, 0xFD, 0xFE})


class AddressLimit:
    """At most `most` requests of a /24 (IPv4) or /56 (IPv6) in a `window` of seconds.

    Only a keyed hash of the network is remembered, and the key is drawn anew with every window.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        urandom: Callable[[int], bytes],
        most: int = MOST_IN_WINDOW,
        window: int = WINDOW,
    ) -> None:
        self._now = now
        self._urandom = urandom
        self._most = most
        self._window = window
        self._key = b""
        self._until = 0.0
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    def allows(self, address: str | Address | None) -> bool:
        """Count one request; whether it is within the limit. An unknown address is not counted."""
        read = read_address(address) if isinstance(address, str) else address
        if read is None or _is_local(read):
            return True
        now = self._now()
        if not self._until - self._window <= now < self._until:
            self._key, self._until = self._urandom(KEY), now + self._window
            self._counts.clear()
        # Not `is_global`: the standard library remembers the last addresses it was asked about.
        network = read.packed[:3] if isinstance(read, IPv4Address) else read.packed[:7]
        hashed = hashlib.blake2b(network, key=self._key, digest_size=8).digest()
        count = self._counts.pop(hashed, 0) + 1
        self._counts[hashed] = count
        if len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        return count <= self._most


def network_hash(address: Address, key: bytes) -> bytes | None:
    """A keyed hash of the /24 or /48 that an address is in; None for one of no public network."""
    if _is_local(address) or any(address in network for network in _DOCUMENTATION):
        return None
    network = address.packed[:3] if isinstance(address, IPv4Address) else address.packed[:6]
    return hashlib.blake2b(network, key=key, digest_size=8).digest()


def _is_local(address: Address) -> bool:
    # Most addresses are none of these by their first byte.
    return address.packed[0] in _LOCAL_BYTES and any(address in network for network in _LOCAL)
