"""`POST /askfirst/events` and `/v1/events`: a batch, each event read no further than was agreed.

The shape of a batch and of its events is looked at first, their fields only when somebody wants
them: what is at level 0 may be anything, it is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

from ..errors import Reason, Refused
from ..terms.attributes import ATTRIBUTES, Value
from ..terms.lattice import Scope
from .limits import COOKIE_NAMES, EVENTS, PURPOSE, TEXT
from .names import BATCH, HANDLE, SECRET, USER
from .strict_json import read_object

EventType = Literal["page_view", "action"]
Property = str | int | float | bool | None
Screen = str | tuple[int, int]  # a class, or width and height in CSS pixels

TYPES = get_args(EventType)
SCREENS = ("phone", "tablet", "desktop", "tv")
# What only the page can tell.
FIELDS = ("page", "referrer", "screen", "cookies", "action")
# In which of them each attribute stands that does not stand in its own.
_STANDS_IN = {"campaign": "page"}
# What a relay may observe: time is of arrival, pseudonyms are of the receipt.
OBSERVABLE = frozenset(ATTRIBUTES) - {"time", "visitor", "user_id"}

_KEYS = frozenset(
    {"v", "batch", "events", "site", "handle", "secret", "collector", "vouch", "user"}
    | {"gpc", "dnt"}
)
_PLAIN = 3  # keys of most batches: those that each must have
_OF_PAGE = frozenset({"purpose", "type", *FIELDS})
_OF_RELAY = _OF_PAGE | {"observed", "sized"}
_COOKIE_KEYS = frozenset({"enabled", "names"})
_ACTION_KEYS = frozenset({"name", "properties"})


@dataclass(frozen=True, slots=True)
class CookieInfo:
    """What the page says of its cookie jar; `enabled` is None where it does not say."""

    enabled: bool | None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A custom event."""

    name: str
    properties: Mapping[str, Property] = field(default_factory=dict)


# Tuples, which cost a third of a frozen dataclass: one is made for each event.
class Event(NamedTuple):
    """One event for one purpose; `fields` are as they were sent, and nobody has read them yet."""

    purpose: str
    type: EventType
    fields: Mapping[str, Any]
    is_sized: bool = True  # False: counts towards no size, as a relay says


class EventBatch(NamedTuple):
    """A batch; an event that is None was not by the contract."""

    name: str
    events: tuple[Event | None, ...]
    site: str = ""
    handle: str | None = None
    secret: str | None = None
    collector: str = ""  # the write key of a placed one
    vouch: str = ""  # the gate's word for the page
    user: str = ""  # the token of a signed-in user, from the site's own server alone
    gpc: bool = False
    dnt: bool = False


def read_batch(body: object, *, relay: bool = False) -> EventBatch:
    """The batch of a decoded body; Refused where it is not by the contract.

    Only a `relay`, under the key of its site, may say what it `observed`, and which `user` it was.
    """
    table = read_object(body, _KEYS)
    if "user" in table and not relay:
        raise Refused(Reason.WRONG_KEY, "leave user out: a site's own server says who it is")
    name, events = table.get("batch"), table.get("events")
    if not isinstance(name, str) or not BATCH.fullmatch(name):
        raise Refused(Reason.BAD_SHAPE, "send batch: 22 characters of base64url")
    if not isinstance(events, list) or not events:
        raise Refused(Reason.BAD_SHAPE, "send events: a list of at least one")
    if len(events) > EVENTS:
        raise Refused(Reason.TOO_MANY_EVENTS, f"send at most {EVENTS} events")
    keys = _OF_RELAY if relay else _OF_PAGE
    read = tuple([_event(event, keys) for event in events])
    if len(table) == _PLAIN:
        return EventBatch(name, read)
    return EventBatch(
        name,
        read,
        site=_text(table, "site"),
        handle=_key(table, "handle", HANDLE.fullmatch, "64 hexadecimal digits"),
        secret=_key(table, "secret", SECRET.fullmatch, "22 characters of base64url"),
        collector=_text(table, "collector"),
        vouch=_text(table, "vouch"),
        user=_user(table) if "user" in table else "",
        gpc=_flag(table, "gpc"),
        dnt=_flag(table, "dnt"),
    )


def read_page_batch(body: object, *, site: str) -> EventBatch:
    """The batch of a page behind a gate: its receipt comes by the cookie, its site by the server.

    Raises Refused where it is not by the contract, or speaks of another receipt or site.
    """
    batch = read_batch(body)
    if batch.handle is not None or batch.secret is not None:
        raise Refused(Reason.BAD_SHAPE, "the receipt comes by its cookie: leave handle, secret out")
    if batch.site not in ("", site):
        raise Refused(Reason.BAD_SHAPE, "leave site out")
    return batch


def read_fields(event: Event, wanted: Iterable[str]) -> dict[str, Any] | None:
    """The wanted ones of FIELDS that were sent, and the type; None where one is not as it must be.

    `page` is text, `referrer` text or None, `screen` a Screen, `cookies` and `action` as above.
    """
    values: dict[str, Any] = {"type": event.type}
    fields = event.fields
    try:
        for name in wanted:
            if name in fields:
                values[name] = _READERS[name](fields[name])
    except _NotByContract:
        return None
    return values


@lru_cache(maxsize=1024)  # scopes come from policies, never from visitors
def fields_of(scope: Scope) -> tuple[str, ...]:
    """The FIELDS that a scope reads anything of, in their order."""
    wanted = {_STANDS_IN.get(name, name) for name in scope.as_dict()}
    return tuple(name for name in FIELDS if name in wanted)


def read_path(event: Event) -> str | None:
    """The path of the event's page as it was sent; "" where it tells none, None as above."""
    values = read_fields(event, ("page",))
    if values is None:
        return None
    page: str = values.get("page", "")
    return page.partition("?")[0].partition("#")[0]


def read_observed(event: Event) -> dict[str, Value] | None:
    """What a relay observed, by attribute; None where it is not as it must be."""
    observed = event.fields.get("observed", {})
    if not isinstance(observed, dict) or not observed.keys() <= OBSERVABLE:
        return None
    for name, parts in observed.items():
        if not isinstance(parts, list) or not all(map(_is_text, parts)):
            return None
        if len(parts) > ATTRIBUTES[name].finest:
            return None
    return {name: tuple(parts) for name, parts in observed.items()}


def _event(value: object, keys: frozenset[str]) -> Event | None:
    if not isinstance(value, dict) or not keys.issuperset(value):
        return None
    purpose, kind = value.get("purpose"), value.get("type")
    if not isinstance(purpose, str) or len(purpose) > PURPOSE:
        return None
    is_sized = value.get("sized", True)
    if not isinstance(is_sized, bool) or (kind != "page_view" and kind != "action"):
        return None
    return Event(purpose, kind, value, is_sized)


def _text(table: Mapping[str, Any], name: str) -> str:
    value = table.get(name, "")
    if not _is_text(value):
        raise Refused(Reason.BAD_SHAPE, f"send {name} as text of at most {TEXT} characters")
    return str(value)


def _key(
    table: Mapping[str, Any], name: str, matches: Callable[[str], object], what: str
) -> str | None:
    value = table.get(name)
    if value is not None and not (isinstance(value, str) and matches(value)):
        raise Refused(Reason.BAD_SHAPE, f"send {name} as {what}, or leave it out")
    return value


def _user(table: Mapping[str, Any]) -> str:
    value = table["user"]
    if not isinstance(value, str) or not USER.fullmatch(value):
        raise Refused(
            Reason.BAD_SHAPE, "send user as user: and 64 hexadecimal digits, or leave it out"
        )
    return value


def _flag(table: Mapping[str, Any], name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise Refused(Reason.BAD_SHAPE, f"send {name} as true or false")
    return value


class _NotByContract(Exception):
    """A field is not as it must be."""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= TEXT


def _page(value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT:
        raise _NotByContract
    return value


def _referrer(value: object) -> str | None:
    return None if value is None else _page(value)


def _screen(value: object) -> Screen:
    if value in SCREENS and isinstance(value, str):
        return value
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_whole, value)):
        raise _NotByContract
    return int(value[0]), int(value[1])


def _is_whole(value: object) -> bool:
    # As in JSON Schema; a double that is whole beyond 2**53 is still one.
    return type(value) is int or (isinstance(value, float) and value.is_integer())


def _cookies(value: object) -> CookieInfo:
    if not isinstance(value, dict) or not _COOKIE_KEYS.issuperset(value):
        raise _NotByContract
    enabled, names = value.get("enabled"), value.get("names", [])
    if not isinstance(enabled, bool) and "enabled" in value:
        raise _NotByContract
    if not isinstance(names, list) or len(names) > COOKIE_NAMES or not all(map(_is_text, names)):
        raise _NotByContract
    return CookieInfo(enabled, tuple(names))


def _action(value: object) -> Action:
    if not isinstance(value, dict) or not _ACTION_KEYS.issuperset(value):
        raise _NotByContract
    properties = value.get("properties", {})
    if not _is_text(value.get("name")) or not isinstance(properties, dict):
        raise _NotByContract
    if not all(_is_text(name) and _is_property(item) for name, item in properties.items()):
        raise _NotByContract
    return Action(value["name"], properties)


def _is_property(value: object) -> bool:
    return value is None or isinstance(value, int | float) or _is_text(value)


_READERS: Mapping[str, Callable[[object], object]] = {
    "page": _page,
    "referrer": _referrer,
    "screen": _screen,
    "cookies": _cookies,
    "action": _action,
}
