"""Undeclared cookies: the line of the policy each one needs, and the report of where they are from.

The report keeps no counts: they would be page views of people who refused.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, get_args
from urllib.parse import urlsplit

from askfirst.errors import WrongSetting
from askfirst.gate.cookie_database import CookieDatabase
from askfirst.http.cookie_header import read_cookies
from askfirst.http.headers import Headers, first

log = logging.getLogger("askfirst")

Undeclared = Literal["strict", "learn"]
UNDECLARED = "askfirst.undeclared"  # in a scope of the dashboard: sightings by site
MOST = 256  # names, and names with their routes, that are remembered
LONGEST = 64  # bytes of a name that are shown
NO_ROUTE = "-"  # nobody said which template answered; a path may be a visitor's own
# What may be a visitor's id within a name is shown as a glob, which also is the better line.
_IDS = re.compile(r"[0-9]{3,}|(?=[A-Za-z]*[0-9])[0-9A-Za-z]{12,}")
_UNWRITABLE = re.compile(rb"[^!#$%&'+\-.^_`|~0-9A-Za-z]")
GPC = b"askfirst-gpc"  # the cookie by which the development bar has its browser say it
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDED = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-real-ip"})


@dataclass(frozen=True)
class Sighting:
    """A cookie the policy does not declare: its name as a glob, the route that set it, ISO days.

    `purpose` is a purpose of the policy, "necessary", or a category, as a cookie database has it.
    """

    cookie: str
    route: str
    first: str
    last: str
    purpose: str | None = None


class Report:
    """Remembers, bounded, which undeclared cookies were met, and logs each name once."""

    def __init__(self, *, mode: Undeclared, suggest: CookieDatabase | None) -> None:
        self._fate = "was taken out" if mode == "strict" else "was let pass"
        self._suggest = suggest
        self._told: set[str] = set()
        self._seen: dict[tuple[str, str], Sighting] = {}

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        """What was met since the start of this process, by name and route."""
        return tuple(self._seen[key] for key in sorted(self._seen))

    def note(self, name: bytes, route: Callable[[], str | None], now: float) -> None:
        """A name was met; never its value. `now` in unix seconds, kept to the day."""
        shown, where = as_glob(name), route() or NO_ROUTE
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        known = self._seen.get((shown, where))
        if known is not None:
            if known.last != day:
                self._seen[shown, where] = replace(known, last=day)
            return
        purpose = self._suggest.purpose(name) if self._suggest else None
        if len(self._seen) < MOST:
            self._seen[shown, where] = Sighting(shown, where, day, day, purpose)
        if shown not in self._told and len(self._told) <= MOST:
            self._told.add(shown)
            self._say(shown, where, purpose)

    def _say(self, shown: str, where: str, purpose: str | None) -> None:
        if len(self._told) > MOST:
            log.warning("more than %d cookie names are undeclared; no more are listed here", MOST)
        elif not shown.strip("*"):
            log.warning("a cookie %s whose name cannot be declared in a policy", self._fate)
        else:
            log.warning(
                "the cookie %s of %s %s: the policy does not declare it%s. Write "
                'cookies = ["%s"] into the [purposes.NAME] it serves, or, if the site cannot work '
                "without it, these three lines at its end:\n%s",
                shown,
                where,
                self._fate,
                f" (it seems to be for {purpose})" if purpose else "",
                shown,
                necessary(shown),
            )


def necessary(name: str) -> str:
    """The lines of a policy that let a cookie pass always; `why` is for its owner to say."""
    return f'[[necessary]]\ncookie = "{name}"\nwhy = "what the site cannot do without it"'


def as_glob(name: bytes) -> str:
    """A cookie's name as a policy would write it, with everything that may be an id as `*`."""
    plain = _UNWRITABLE.sub(b"*", name[:LONGEST]) + (b"*" if len(name) > LONGEST else b"")
    return re.sub(r"\*+", "*", _IDS.sub("*", plain.decode("ascii")))


def choose_mode(mode: Undeclared | None, origins: Collection[str]) -> Undeclared:
    """The mode of a site: without one `learn` where every origin is loopback, else `strict`.

    Raises WrongSetting for a mode that is none, and for `learn` on a site others can reach: a
    cookie that passes undeclared is a cookie without consent (M01; ePrivacy 5(3)).
    """
    public = [origin for origin in origins if urlsplit(origin).hostname not in _LOOPBACK]
    if mode is None:
        return "strict" if public else "learn"
    if mode not in get_args(Undeclared):
        raise WrongSetting("E021", "undeclared", mode, 'write "strict" or "learn"')
    if mode == "learn" and public:
        instead = (
            f"the policy's origin {public[0]} can be reached by visitors, who would be given "
            'cookies nobody declared: write "strict", or learn on loopback alone, with a policy '
            'whose origins are like "http://localhost:8000"'
        )
        raise WrongSetting("E022", "undeclared", mode, instead)
    return mode


def on_loopback(headers: Headers) -> bool:
    """Whether a request was meant for this machine, as far as it tells, and met no proxy."""
    host = (first(headers, b"host") or b"").decode("latin-1")
    return is_loopback_name(host) and not any(key.lower() in _FORWARDED for key, _ in headers)


def is_loopback_name(host: str) -> bool:
    """Whether a host, with or without a port, is this machine's own."""
    try:
        return urlsplit(f"//{host}").hostname in _LOOPBACK
    except ValueError:
        return False


def sends_gpc(headers: Headers) -> bool:
    """Whether the development bar has this browser visit as one with Global Privacy Control."""
    return (GPC, b"1") in read_cookies(headers)
