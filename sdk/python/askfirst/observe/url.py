"""URLs as browsers read them (WHATWG), by ada. No user, password or fragment leaves this file."""

from __future__ import annotations

from dataclasses import dataclass

from ada_url import URL, HostType

LONGEST = 8192  # characters
_WEB = frozenset({"http:", "https:"})


@dataclass(frozen=True)
class Address:
    """The parts of a web address that may be looked at."""

    host: str  # lower-case, punycode; IPv6 in brackets
    is_name: bool  # a domain name, not an IP address
    path: str
    search: str  # with its "?", or empty


def read_url(text: str, base: str | None = None) -> Address | None:
    """A web address, absolute or against `base`; None for anything that is not http or https."""
    if len(text) > LONGEST:
        return None
    try:
        url = URL(text, base)
        if url.protocol not in _WEB:
            return None
        return Address(url.hostname, url.host_type == HostType.DEFAULT, url.pathname, url.search)
    except ValueError:  # UnicodeError is one: lone surrogates
        return None
