"""Which address is the visitor's, when proxies stand between.

Every proxy appends the address it saw; only what *trusted* proxies appended is true. So the address
is the right-most one that is not a trusted proxy's. What stands left of it, the visitor wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal

from .address import Address, read_address

Header = Literal["x-forwarded-for", "forwarded"]
SOCKET = "unix"  # a proxy that speaks over a Unix socket has no address
MOST_HOPS = 32
# In which proxies say whom they speak for; the last three hold one address.
FORWARDING = ("x-forwarded-for", "forwarded", "cf-connecting-ip", "true-client-ip", "x-real-ip")

# RFC 7239 section 4: parameters with token or quoted values.
# What was read is not tried again in another way: linear in a header that a visitor wrote.
_PAIR = re.compile(r'\s*+(?:([\w!#$%&\'*+.^`|~-]++)=("(?:[^"\\]|\\.)*+"|[^\s",;]*+))?\s*+([,;]|$)')


@dataclass(frozen=True)
class Proxies:
    """The trusted proxies, and the one header they write; others are the visitor's to forge."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    socket: bool = False
    header: Header = "x-forwarded-for"

    @classmethod
    def of(cls, trusted: Iterable[str], *, header: Header = "x-forwarded-for") -> Proxies:
        """From "10.0.0.0/8", "2001:db8::1" or "unix"; ValueError for anything else."""
        names = tuple(trusted)
        return cls(
            tuple(ip_network(name) for name in names if name != SOCKET),
            SOCKET in names,
            header,
        )

    def trusts(self, address: Address) -> bool:
        """Whether the address is a trusted proxy's."""
        return any(address in network for network in self.networks)

    def client(self, peer: str, headers: Mapping[bytes, bytes]) -> Address | None:
        """The visitor's address, or None when it cannot be told. Header names are lower-case.

        `peer` is whom the connection came from ("" for a Unix socket). A hop that is no address
        ends the search: what is further left was said by someone we do not know.
        """
        nearest = read_address(peer)
        if nearest is None:
            if peer or not self.socket:
                return None
        elif not self.networks or not self.trusts(nearest):
            return nearest
        for hop in self._hops(headers.get(self.header.encode(), b"").decode("latin-1")):
            address = read_address(hop)
            if address is None or not self.trusts(address):
                return address
        return None

    def unbelieved(self, peer: str, headers: Sequence[tuple[bytes, bytes]]) -> str:
        """The header in which somebody who is not trusted says whom they speak for; "" for none.

        Of a client that sends no such header itself, that is a proxy which is not named: all who
        come through it have its address. Header names are lower-case.
        """
        lines = {
            name: b", ".join(value for key, value in headers if key == name.encode())
            for name in FORWARDING
        }
        client = self.client(peer, {name.encode(): value for name, value in lines.items()})
        for name, line in lines.items():
            hops = [*self._strangers(name, line.decode("latin-1"))]
            # Nearer than the address that was taken are those that were believed. It is in no hop
            # where the one at the other end of the line is the stranger.
            further = hops[hops.index(client) + 1 :] if client in hops else hops
            if any(hop.is_global or not (client and client.is_global) for hop in further):
                return name
        return ""

    def _strangers(self, name: str, line: str) -> Iterator[Address]:
        """The addresses of a header that are no trusted proxy's, nearest first."""
        for hop in _nearest_first(name, line):
            address = read_address(hop)
            if address is not None and not self.trusts(address):
                yield address

    def _hops(self, line: str) -> Iterable[str]:
        return _nearest_first(self.header, line)


def _nearest_first(name: str, line: str) -> Iterable[str]:
    if name == "forwarded":
        return reversed(_forwarded(line)[-MOST_HOPS:])
    return [hop for hop in reversed(line.rsplit(",", MOST_HOPS)[-MOST_HOPS:]) if hop.strip()]


def _forwarded(header: str) -> list[str]:
    """The `for` of each element; "" for an element without one or a header that is malformed."""
    hops: list[str] = []
    hop: str | None = None
    at, has_pair = 0, False
    while at < len(header):
        read = _PAIR.match(header, at)
        if read is None:
            return [*hops, ""]
        name, value, end = read.groups()
        has_pair = has_pair or name is not None
        if name and name.lower() == "for":
            hop = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        if end != ";" and has_pair:
            hops.append(hop or "")
            hop, has_pair = None, False
        at = read.end()
    return hops
