"""URLs as browsers read them (WHATWG), by ada. No user, password or fragment leaves this file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ada_url import URL, HostType

LONGEST = 8192  # characters
_SITE = "site.invalid"
_WEB = frozenset({"http:", "https:"})
# What nearly every page and browser sends, for which ada would give back what it was given. No dot
# begins a segment, no host ends in a number or is punycode.
_PLAIN_PATH = re.compile(r"((?:/[\w-][\w.-]*)*/?)(\?[\w.=&%+-]+)?", re.ASCII)
_PLAIN_ORIGIN = re.compile(
    r"https?://((?!xn--)[a-z0-9-]{1,63}(?:\.(?!xn--)[a-z0-9-]{1,63})*\.[a-z]+)/?"
)


@dataclass(frozen=True)
class Address:
    """The parts of a web address that may be looked at."""

    host: str  # lower-case, punycode; IPv6 in brackets
    is_name: bool  # a domain name, not an IP address
    path: str
    search: str  # with its "?", or empty


def read_page(text: str) -> Address | None:
    """A page of some site, told by path and query or whole."""
    if len(text) <= LONGEST and (plain := _PLAIN_PATH.fullmatch(text)) and plain[1]:
        return Address(_SITE, True, plain[1], plain[2] or "")
    # "//name/path" is a path of this site, not another host.
    rooted = "/" + text.lstrip("/\\") if text.startswith(("/", "\\")) else text
    return read_url(rooted, f"https://{_SITE}")


def read_origin(text: str) -> Address | None:
    """The origin of a web address; path and query are not looked at."""
    if len(text) <= LONGEST and (plain := _PLAIN_ORIGIN.fullmatch(text)):
        return Address(plain[1], True, "/", "")
    return read_url(text)


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
