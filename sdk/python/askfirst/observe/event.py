"""`observe`: one event and its request, as values of the attributes that may be gathered.

A raw source is read only when the level of its attribute is above 0: what is not allowed is not
decoded. `visitor` and `user_id` are no observations: they come from the receipt and the site.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

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
from .recent import PAGES, POLICIES, Recent
from .referrer import referrer, referrer_of
from .screen import screen

if TYPE_CHECKING:
    from ..terms.sets import Listed
    from .agent import Reading

DIRECT = Proxies()
_Fields = Mapping[str, Any]
_Levels = tuple[tuple[str, int], ...]
_AGENT, _LANGUAGE = b"user-agent", b"accept-language"


class Raw(NamedTuple):
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
        self._agent: Reading | None = None
        self._of_headers: tuple[Terms, _Sources, _Remembered] | None = None  # of what was wanted
        self._wanted: Terms | None = None  # what was asked for last
        self._sources = _NO_SOURCES  # of that, where it comes from
        self._common: dict[str, Value] = {}  # of that, what is of the request
        self._links: Recent[_Remembered]  # of that, what is of a page and its referrer
        # What those, and other texts of events, came to in this request.
        self._of_links: dict[tuple[str | None, ...], dict[str, Value]] = {}
        self._texts: dict[tuple[str, str], Value] = {}

    def observe(self, event: _Fields, wanted: Terms) -> dict[str, Value]:
        """The values that `wanted` allows, each cut to its level; never raises.

        `event` is what `contracts.events.read_fields` gives.
        """
        if wanted is not self._wanted:
            self._want(wanted)
        values = self._common | self._of_link(event, wanted)
        for name, level in self._sources.own:
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
        sources, known = self._known(wanted)
        if known.values is None:
            read = {name: _OF_HEADERS[name](self)[:level] for name, level in sources.headers}
            known.values = {name: value for name, value in read.items() if value}
        self._sources = sources
        self._common = known.values.copy()
        for name, level in sources.moment:
            self._common[name] = _OF_MOMENT[name](self)[:level]
        if sources.link:
            self._links = _links(
                wanted.scope, wanted.parameters, tuple(self.routes), tuple(self.own_origins)
            )
        self._of_links = {}
        self._texts = {}
        self._wanted = wanted

    def _known(self, wanted: Terms) -> tuple[_Sources, _Remembered]:
        """What is wanted, and what the headers of this request came to before."""
        last = self._of_headers
        if last is not None and last[0] is wanted:
            return last[1], last[2]
        sources = _sources(wanted.scope)
        texts = [self.raw.header(name) for name in sources.names]
        known = sources.remembered(_framed(texts)) if texts else _Remembered({})
        self._of_headers = wanted, sources, known
        return sources, known

    def _of_link(self, event: _Fields, wanted: Terms) -> dict[str, Value]:
        """What is made of a page and its referrer: as for the same two before."""
        sources = self._sources
        texts = tuple([event.get(name) for name in sources.fields])
        for text in texts:
            if text is not None and type(text) is not str:
                return self._read_link(event, wanted)
        values = self._of_links.get(texts)
        if values is None:
            known = self._links(_framed(texts)) if texts else _Remembered({})
            if known.values is None:
                known.values = self._read_link(event, wanted)
            values = self._of_links[texts] = known.values
        return values

    def _read_link(self, event: _Fields, wanted: Terms) -> dict[str, Value]:
        read = {
            name: self.of_event(name, event, wanted)[:level] for name, level in self._sources.link
        }
        return {name: value for name, value in read.items() if value}

    @property
    def address(self) -> Address | None:
        """Where the request came from, as the trusted proxies say; kept nowhere."""
        return self.raw.address or self.proxies.client(self.raw.peer, self.raw.headers)

    def is_bot(self, wanted: Terms) -> bool:
        """Whether the agent says it is a program; not looked at where nothing of it is wanted."""
        sources, known = self._known(wanted)
        if _AGENT not in sources.names:
            return False
        if known.is_bot is None:
            known.is_bot = self.agent.is_bot
        return known.is_bot

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
_OF_MOMENT: dict[str, Callable[[Observer], Value]] = {
    "time": lambda request: arrival(request.clock(request.raw.now)),
    "ip": _place,
}
_OF_HEADERS: dict[str, Callable[[Observer], Value]] = {
    "browser": lambda request: request.agent.browser,
    "os": lambda request: request.agent.os,
    "language": lambda request: language(request.raw.header(_LANGUAGE)),
}
_HEADERS = {"browser": _AGENT, "os": _AGENT, "language": _LANGUAGE}
# What is made of a page's address and its referrer alone.
_OF_LINK = ("page", "referrer", "campaign")


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


@dataclass(slots=True)
class _Remembered:
    """What texts came to, once somebody asked; the texts are not in it."""

    values: dict[str, Value] | None = None
    is_bot: bool | None = None


@dataclass(frozen=True, slots=True)
class _Sources:
    """What is observed of a scope, by where it comes from; each attribute with its level."""

    moment: _Levels  # and the address
    headers: _Levels
    names: tuple[bytes, ...]  # of those headers
    remembered: Recent[_Remembered]  # what they came to
    link: _Levels
    fields: tuple[str, ...]  # of an event, in which page and referrer stand
    own: _Levels  # the rest of an event


_NO_SOURCES = _Sources((), (), (), Recent(lambda _: _Remembered()), (), (), ())


@lru_cache(maxsize=POLICIES)  # scopes come from policies, never from visitors
def _sources(scope: Scope) -> _Sources:
    levels = scope.as_dict()
    own = tuple(name for name in _OF_EVENT if name not in _OF_LINK)
    moment, headers, link, rest = (
        tuple(pair for pair in levels.items() if pair[0] in names)
        for names in (_OF_MOMENT, _OF_HEADERS, _OF_LINK, own)
    )
    return _Sources(
        moment,
        headers,
        tuple(dict.fromkeys(_HEADERS[name] for name, _ in headers)),
        Recent(lambda _: _Remembered()),
        link,
        tuple(dict.fromkeys(_TEXTS[name] for name, _ in link)),
        rest,
    )


@lru_cache(maxsize=POLICIES)  # all of it comes from policies
def _links(
    scope: Scope,
    listed: Listed[tuple[str, str]],
    routes: tuple[str, ...],
    own_origins: tuple[str, ...],
) -> Recent[_Remembered]:
    return Recent(lambda _: _Remembered(), texts=PAGES)


def _framed(texts: Iterable[str | None]) -> str:
    """One text for several, so that no two are confused."""
    return "".join(["-" if text is None else f"{len(text)} {text}" for text in texts])
