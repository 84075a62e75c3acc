"""A client address as other programs write it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address
LONGEST = 128  # characters, port, brackets and zone included


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
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6
