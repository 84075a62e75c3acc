"""`observe`: one event and its request, as values of the attributes that may be gathered.

A raw source is read only when the level of its attribute is above 0: what is not allowed is not
decoded. `visitor` and `user_id` are no observations: they come from the receipt and the site.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from ..terms.attributes import UNKNOWN, Value
from ..terms.lattice import Scope
from ..terms.terms import Terms
from .action import action
from .address import Address
from .campaign import campaign
from .channels import DIRECT as NO_REFERRER
from .clock import arrival
from .cookies import cookies
from .language import language
from .location import Locator
from .page import page
from .proxies import Proxies
from .referrer import referrer, referrer_of
from .screen import screen

if TYPE_CHECKING:
    from .agent import Reading

DIRECT = Proxies()
_Fields = Mapping[str, Any]
_Levels = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Raw:
    """What the request itself tells; nothing of it is kept.

    Header names are lower-case, repeated headers joined by commas (RFC 9110 section 5.3). `peer` is
    the address the connection came from, `now` the arrival in unix seconds.
    """

    headers: Mapping[bytes, bytes]
    peer: str
    now: float
    address: Address | None = None  # where it came from, of whoever has found out already

    def header(self, name: bytes) -> str:
        """A header's text, or nothing."""
        return self.headers.get(name, b"").decode("latin-1")


class Observer:
    """One request: each thing that it tells is read when it is first wanted, and once.

    Without a `place` every address is unknown. `own_origins` and `routes` are the site's own.
    `clock` makes local seconds of unix seconds; without one they are of UTC.
    """

    def __init__(
        self,
        raw: Raw,
        *,
        place: Locator | None,
        proxies: Proxies = DIRECT,
        own_origins: Collection[str] = (),
        routes: Sequence[str] = (),
        clock: Callable[[float], float] = float,
    ) -> None:
        self.raw = raw
        self.routes = routes
        self.clock = clock
        self.place = place
        self.proxies = proxies
        self.own_origins = own_origins
        self._known: dict[str, Value] = {}
        self._agent: Reading | None = None
        self._looked_for: Terms | None = None  # for which `is_bot` was asked last
        self._is_bot = False
        self._wanted: Terms | None = None  # what was asked for last
        self._common: dict[str, Value] = {}  # of that, what is of the request
        self._own: _Levels = ()  # of that, what is of each event
        self._texts: dict[tuple[str, str], Value] = {}  # what those came to, as that was wanted

    def observe(self, event: _Fields, wanted: Terms) -> dict[str, Value]:
        """The values that `wanted` allows, each cut to its level; never raises.

        `event` is what `contracts.events.read_fields` gives.
        """
        if wanted is not self._wanted:
            self._want(wanted)
        values = self._common.copy()
        for name, level in self._own:
            if name == "action" and event.get("type") != "action":
                continue
            value = self.of_event(name, event, wanted)
            if value:
                values[name] = value[:level]
        return values

    def of_event(self, name: str, event: _Fields, wanted: Terms) -> Value:
        """One attribute of one event: what the same text came to before in this request, again."""
        text = event.get(_TEXTS.get(name, name))
        if not text or type(text) is not str:
            return _OF_EVENT[name](self, event, wanted)
        value = self._texts.get((name, text))
        if value is None:
            value = self._texts[name, text] = _OF_EVENT[name](self, event, wanted)
        return value

    def _want(self, wanted: Terms) -> None:
        of_request, self._own = _levels(wanted.scope)
        known = self._known
        common = self._common = {}
        for name, level in of_request:
            value = known.get(name)
            if value is None:
                value = known[name] = _OF_REQUEST[name](self)
            if value:
                common[name] = value[:level]
        self._texts = {}
        self._wanted = wanted

    @property
    def address(self) -> Address | None:
        """Where the request came from, as the trusted proxies say; kept nowhere."""
        return self.raw.address or self.proxies.client(self.raw.peer, self.raw.headers)

    def is_bot(self, wanted: Terms) -> bool:
        """Whether the agent says it is a program; not looked at where nothing of it is wanted."""
        if wanted is not self._looked_for:
            is_wanted = wanted.scope.level("browser") or wanted.scope.level("os")
            self._is_bot = bool(is_wanted) and self.agent.is_bot
            self._looked_for = wanted
        return self._is_bot

    @property
    def agent(self) -> Reading:
        """What the agent says of itself."""
        if self._agent is None:
            self._agent = _reader()(self.raw.header(b"user-agent"))
        return self._agent


def observe(
    raw: Raw,
    event: Mapping[str, object],
    wanted: Terms,
    *,
    place: Locator | None,
    proxies: Proxies = DIRECT,
    own_origins: Collection[str] = (),
    routes: Sequence[str] = (),
) -> dict[str, Value]:
    """As `Observer.observe`, for the only event of a request."""
    observer = Observer(raw, place=place, proxies=proxies, own_origins=own_origins, routes=routes)
    return observer.observe(event, wanted)


def is_bot(raw: Raw, wanted: Terms) -> bool:
    """As `Observer.is_bot`."""
    return Observer(raw, place=None).is_bot(wanted)


@cache
def _reader() -> type[Reading]:
    # The tables of agents are read where an agent is: most starts never need that quarter of a
    # second.
    from .agent import Reading

    return Reading


def _place(request: Observer) -> Value:
    place = request.place
    address = request.address if place else None
    return place.locate(address) if place and address else (UNKNOWN,)


# In which field each attribute of an event stands that is a text.
_TEXTS = {"page": "page", "campaign": "page", "referrer": "referrer", "screen": "screen"}
_OF_REQUEST: dict[str, Callable[[Observer], Value]] = {
    "time": lambda request: arrival(request.clock(request.raw.now)),
    "browser": lambda request: request.agent.browser,
    "os": lambda request: request.agent.os,
    "ip": _place,
    "language": lambda request: language(request.raw.header(b"accept-language")),
}


def _campaign(request: Observer, event: _Fields, wanted: Terms) -> Value:
    return campaign(event.get("page"), wanted.scope.level("campaign"))


def _referrer(request: Observer, event: _Fields, wanted: Terms) -> Value:
    value = referrer(event.get("referrer"), request.own_origins)
    if value[0] != NO_REFERRER or not wanted.scope.level("campaign"):
        return value
    return referrer_of(request.of_event("campaign", event, wanted))


_OF_EVENT: dict[str, Callable[[Observer, _Fields, Terms], Value]] = {
    "page": lambda request, event, wanted: page(
        event.get("page"), wanted.query_parameters, request.routes
    ),
    "referrer": _referrer,
    "campaign": _campaign,
    "screen": lambda request, event, _: screen(
        event.get("screen"), request.raw.header(b"user-agent")
    ),
    "cookies": lambda _, event, wanted: cookies(event.get("cookies"), wanted.cookies),
    "action": lambda _, event, wanted: action(event.get("action"), wanted.actions),
}


@lru_cache(maxsize=1024)  # scopes come from policies, never from visitors
def _levels(scope: Scope) -> tuple[_Levels, _Levels]:
    """What is observed of a scope, in its order: of the request, and of each event."""
    levels = scope.as_dict().items()
    return (
        tuple(pair for pair in levels if pair[0] in _OF_REQUEST),
        tuple(pair for pair in levels if pair[0] in _OF_EVENT),
    )
