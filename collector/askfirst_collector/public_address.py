"""Which addresses are of the public net."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_TRANSLATED = (
    IPv6Network("64:ff9b::/96"),  # RFC 6052
    IPv6Network("64:ff9b:1::/48"),  # RFC 8215
    IPv6Network("::/96"),  # RFC 4291 section 2.5.5.1
)
# What the tables of Python call global, and a network may lead to its own machines.
_NEAR = (
    IPv4Network("192.0.0.0/24"),  # RFC 6890, with the anycast of port mappers in it
    IPv4Network("192.88.99.0/24"),  # RFC 7526
    IPv6Network("fec0::/10"),  # RFC 3879: site-local
    IPv6Network("3fff::/20"),  # RFC 9637
)


def is_public(address: Address) -> bool:
    """Whether an address is one of the public net.

    Not loopback, private, shared (RFC 6598), link-local, unique local, multicast or reserved; nor
    an IPv6 address in which another one may be written.
    """
    if isinstance(address, IPv6Address):
        written = address.ipv4_mapped or address.sixtofour or address.teredo
        if written or any(address in network for network in _TRANSLATED):
            return False
    if any(address in network for network in _NEAR):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def is_public_host(host: str) -> bool:
    """Whether a host may be of the public net: a name always, an address where it is.

    However it is written: `127.1` and `2130706433` are addresses to whoever connects.
    """
    try:
        return is_public(ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return is_public(IPv4Address(socket.inet_aton(host)))
    except (OSError, UnicodeError, ValueError):
        return True
