"""Where the visitor came from: a channel, and the site by its registrable domain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache, partial

from publicsuffixlist import PublicSuffixList

from ..terms.attributes import OTHER, UNKNOWN, Value
from .campaign import channel_word
from .channels import DIRECT, INTERNAL, channel_of, table
from .recent import PAGES, POLICIES, Recent
from .url import read_origin
from .value import NONE, known_parts

# How Android names the app that a link was in; its path is not looked at.
_APP = re.compile(r"(android-app://)([A-Za-z0-9_.]{1,200})(?:[/?#].*)?", re.DOTALL)
# A source that may be a host.
_HOST = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
LONGEST = 253  # characters of a name that DNS can hold (RFC 1035); suffixes are looked up per label


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def registrable_domain(host: str) -> str | None:
    """The domain that somebody registered: "example.co.uk" of "www.example.co.uk", else None."""
    return _suffixes().privatesuffix(host.lower()) if host.isascii() else None


def referrer(origin: object, own_origins: Iterable[str] = ()) -> Value:
    """Channel, site: ("search", "google.com"), ("direct", "none") without a referrer.

    Only the origin is looked at, also when more was sent. Channels: internal, search, social, ai,
    mail, app, direct, other. An opaque origin ("null"), or one that is neither a web address nor an
    app of the list, is unknown. An own origin is internal with `www.` and without.
    """
    if origin is None or origin == "":
        return (DIRECT, NONE)
    if not isinstance(origin, str):
        return (UNKNOWN,)
    return _origins(tuple(own_origins))(origin)


@lru_cache(maxsize=POLICIES)  # a site's own origins come from its policy, never from visitors
def _origins(own_origins: tuple[str, ...]) -> Recent[Value]:
    return Recent(partial(_read, own_origins=frozenset(own_origins)), texts=PAGES)


def _read(origin: str, own_origins: frozenset[str]) -> Value:
    if app := _APP.fullmatch(origin):
        channel = table().get(app[1] + app[2])
        return (channel, app[2]) if channel else (UNKNOWN,)
    if (url := read_origin(origin)) is None:
        return (UNKNOWN,)
    host = url.host.removesuffix(".")
    if len(host) > LONGEST:
        return (UNKNOWN,)
    site = registrable_domain(host) if url.is_name else None
    if host.removeprefix("www.") in _hosts(own_origins):
        return known_parts(INTERNAL, site or host)
    if site is None:
        return (OTHER, UNKNOWN)
    suffix = site.partition(".")[2]
    return known_parts(channel_of(host, suffix) or OTHER, site)


def referrer_of(campaign: Value) -> Value:
    """The channel of a visit without a referrer, by what its link says: ("ai", "chatgpt.com").

    Its site is a host of the list of channels alone; else, and by a word such as "newsletter",
    `none`.
    """
    source = campaign[0] if campaign else UNKNOWN
    if _HOST.fullmatch(source) and (site := registrable_domain(source)):
        channel = channel_of(source, site.partition(".")[2])
        if channel:
            return (channel, site)
    return (channel_word(campaign) or DIRECT, NONE)


@lru_cache(maxsize=64)  # by the sites of the policy, never by what a visitor sent
def _hosts(origins: frozenset[str]) -> frozenset[str]:
    return frozenset(url.host.removeprefix("www.") for url in map(read_origin, origins) if url)
