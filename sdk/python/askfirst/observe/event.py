"""`observe`: one event and its request, as values of the attributes that may be gathered.

A raw source is read only when the level of its attribute is above 0: what is not allowed is not
decoded. `visitor` and `user_id` are no observations: they come from the receipt and the site.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ..terms.attributes import UNKNOWN, Value
from ..terms.terms import Terms
from . import agent
from .action import action
from .clock import arrival
from .cookies import cookies
from .language import language
from .location import Locator
from .page import page
from .proxies import Proxies
from .referrer import referrer
from .screen import screen

DIRECT = Proxies()


@dataclass(frozen=True)
class Raw:
    """What the request itself tells; nothing of it is kept.

    Header names are lower-case, repeated headers joined by commas (RFC 9110 section 5.3). `peer` is
    the address the connection came from, `now` the arrival in unix seconds.
    """

    headers: Mapping[bytes, bytes]
    peer: str
    now: float

    def header(self, name: bytes) -> str:
        """A header's text, or nothing."""
        return self.headers.get(name, b"").decode("latin-1")


def observe(
    raw: Raw,
    event: Mapping[str, object],
    wanted: Terms,
    *,
    place: Locator | None,
    proxies: Proxies = DIRECT,
    own_origins: Collection[str] = (),
) -> dict[str, Value]:
    """The values that `wanted` allows, each cut to its level; never raises.

    Without a `place` every address is unknown. `own_origins` are the site's own.
    """
    sources: dict[str, Callable[[], Value]] = {
        "time": lambda: arrival(raw.now),
        "page": lambda: page(event.get("page"), wanted.query_parameters),
        "referrer": lambda: referrer(event.get("referrer"), own_origins),
        "browser": lambda: agent.browser(raw.header(b"user-agent")),
        "os": lambda: agent.os(raw.header(b"user-agent")),
        "screen": lambda: screen(event.get("screen")),
        "ip": lambda: _place(raw, place, proxies),
        "language": lambda: language(raw.header(b"accept-language")),
        "cookies": lambda: cookies(event.get("cookies"), wanted.cookies),
    }
    if event.get("type") == "action":
        sources["action"] = lambda: action(event.get("action"), wanted.actions)
    scope = wanted.scope
    return scope.generalise({name: read() for name, read in sources.items() if scope.level(name)})


def is_bot(raw: Raw, wanted: Terms) -> bool:
    """Whether the agent says it is a program; not looked at where nothing of it is wanted."""
    if not (wanted.scope.level("browser") or wanted.scope.level("os")):
        return False
    return agent.is_bot(raw.header(b"user-agent"))


def _place(raw: Raw, place: Locator | None, proxies: Proxies) -> Value:
    address = proxies.client(raw.peer, raw.headers) if place else None
    return place.locate(address) if place and address else (UNKNOWN,)
