"""The Set-Cookie header: what a line sets or deletes, and the lines we write ourselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from askfirst.http.cookie_header import split
from askfirst.http.headers import Header

SameSite = Literal["Lax", "Strict"]

_MAX_AGE = re.compile(rb"-?[0-9]{1,18}")
# Browsers refuse control characters in a line.
_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# A name we can write back: a token of RFC 9110, so nothing in it can end the name.
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}")
# A path we can write back: nothing in it can end the attribute.
_PATH = re.compile(r"/[!-:<-~]{0,300}")
_DELIMITERS = re.compile(rb"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(rb"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(rb"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(rb"([0-9]{2,4})(?![0-9])")
_MONTHS = (
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun",
    b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
)  # fmt: skip


def name_of(line: bytes) -> bytes | None:
    """The name a line sets; None where a line break in it could hide another header."""
    if b"\n" in line or b"\r" in line:
        return None
    return split(line.partition(b";")[0])[0]


def deletes(line: bytes, now: float) -> bool:
    """Whether every browser takes the line as a deletion (RFC 6265bis sections 5.6.1, 5.6.2).

    Max-Age goes before Expires. A line that browsers may read differently is no deletion.
    """
    lowered = line.lower()
    if (b"max-age" not in lowered and b"expires" not in lowered) or _CONTROLS.search(line):
        return False  # most lines end with the session
    attributes = [(key.lower(), value) for key, value in map(split, line.split(b";")[1:])]
    ages = [value for key, value in attributes if key == b"max-age"]
    if ages:
        return all(_MAX_AGE.fullmatch(age) and int(age) <= 0 for age in ages)
    dates = [cookie_date(value) for key, value in attributes if key == b"expires"]
    return bool(dates) and all(date is not None and date <= now for date in dates)


@lru_cache(maxsize=64)  # a framework writes the same date on every line of a second
def cookie_date(text: bytes) -> float | None:
    """Unix seconds of a cookie's date, read as browsers do (RFC 6265bis section 5.1.1)."""
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _tokens(text):
        if time is None and (match := _TIME.match(token)):
            time = (int(match[1]), int(match[2]), int(match[3]))
        elif day is None and (match := _DAY.match(token)):
            day = int(match[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (match := _YEAR.match(token)):
            year = int(match[1])
    if time is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    if year < 1601:
        return None
    try:
        return datetime(year, month, day, *time, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _tokens(text: bytes) -> Iterator[bytes]:
    return (token for token in _DELIMITERS.split(text) if token)


def write(
    name: bytes, value: str, *, expires: float, same_site: SameSite, http_only: bool = False
) -> Header:
    """A line of ours: Secure, for the whole host, until `expires` (unix seconds)."""
    date = format_datetime(datetime.fromtimestamp(expires, UTC), usegmt=True)
    line = f"{value}; Expires={date}; Path=/; Secure; SameSite={same_site}"
    tail = b"; HttpOnly" if http_only else b""
    return b"set-cookie", name + b"=" + line.encode("ascii") + tail


def delete(name: bytes, *, same_site: SameSite, http_only: bool = False) -> Header:
    """The line that takes a cookie of ours back."""
    return write(name, "", expires=0, same_site=same_site, http_only=http_only)


def expire(name: bytes, domains: tuple[str, ...], paths: tuple[str, ...] = ("/",)) -> list[Header]:
    """Lines that take a cookie of the site back, from this host and from each of `domains`.

    One for each of `paths` too: browsers know a cookie by its name, domain and path (RFC 6265bis
    section 5.7).
    """
    if not _TOKEN.fullmatch(name):
        return []
    lowered = name.lower()
    hosts_own = lowered.startswith(b"__host-")
    secure = b"; Secure" if hosts_own or lowered.startswith(b"__secure-") else b""
    within = (b"", *(b"; Domain=" + domain.encode("ascii") for domain in domains))
    return [
        (b"set-cookie", name + b"=; Max-Age=0; Path=" + path.encode("ascii") + secure + domain)
        for path in (("/",) if hosts_own else paths)
        if _PATH.fullmatch(path)
        for domain in (within[:1] if hosts_own else within)
    ]


def prefixes(path: str) -> tuple[str, ...]:
    """Every cookie path that a page at `path` falls under, `/` left out (RFC 6265bis 5.1.4).

    `/a/` and `/a` are two paths to a browser: frameworks write the one, its own default the other.
    """
    parts = path.partition("?")[0].partition("#")[0].split("/")[1:]
    paths: list[str] = []
    for end in range(1, len(parts) + 1):
        if stem := "/".join(parts[:end]).rstrip("/"):
            paths += [f"/{stem}"] if end == len(parts) else [f"/{stem}", f"/{stem}/"]
    return tuple(dict.fromkeys(paths))


@lru_cache(maxsize=64)  # of one site they are the same with every answer
def parents(origins: tuple[str, ...]) -> tuple[str, ...]:
    """The domains a site's cookies may have been set for; browsers refuse public suffixes."""
    domains: dict[str, None] = {}
    for origin in origins:
        labels = (urlsplit(origin).hostname or "").split(".")
        if not _is_address(".".join(labels)):
            domains |= dict.fromkeys(".".join(labels[i:]) for i in range(len(labels) - 1))
    return tuple(domains)


def _is_address(host: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(host))
    return False
