"""A client address as other programs write it."""

from __future__ import annotations

from bisect import bisect_right
from ipaddress import IPv4Address, IPv6Address, ip_network
from socket import AF_INET, AF_INET6, inet_pton

Address = IPv4Address | IPv6Address
LONGEST = 128  # characters, port, brackets and zone included

# IANA's special-purpose registries (RFC 6890) and multicast: addresses that are nowhere.
_NOWHERE = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3
    ::/96 64:ff9b:1::/48 100::/64 2001:2::/48 2001:db8::/32 3fff::/20 5f00::/16 fc00::/7 fe80::/10
    ff00::/8
"""


def read_address(text: str) -> Address | None:
    """The address in "192.0.2.1:443", "[2001:db8::1]:443", "fe80::1%eth0"; None for anything else.

    An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is the IPv4 address in it.
    """
    text = text.strip()
    if len(text) > LONGEST:
        return None
    if text.startswith("["):
        text, closing, port = text[1:].partition("]")
        if not closing or (port and not _is_port(port)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(":" + port):
            return None
    text = text.partition("%")[0]
    try:
        # Not ip_address(text), which reads every octet in Python: five times the time.
        if ":" not in text:
            return IPv4Address(inet_pton(AF_INET, text))
        address = IPv6Address(inet_pton(AF_INET6, text))
    except (OSError, ValueError):
        return None
    return address.ipv4_mapped or address


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6


def is_public(address: Address) -> bool:
    """Whether the address can be somewhere: not private, local, reserved or multicast.

    Not by `address.is_private`, which in some releases of Python keeps the last 128 addresses.
    """
    starts, ends = _RANGES[address.version]
    number = int(address)
    before = bisect_right(starts, number) - 1
    return before < 0 or number > ends[before]


def _ranges(version: int) -> tuple[list[int], list[int]]:
    networks = sorted(
        (net for net in map(ip_network, _NOWHERE.split()) if net.version == version),
        key=lambda net: int(net.network_address),
    )
    return [int(n.network_address) for n in networks], [int(n.broadcast_address) for n in networks]


_RANGES = {4: _ranges(4), 6: _ranges(6)}
