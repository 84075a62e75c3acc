"""The body of an events request, decoded no further than somebody has agreed to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypedDict

import msgspec
from msgspec import Meta, Raw

from askfirst.errors import Refused
from askfirst_collector.ingest.body import decoded

EVENTS = 100
LONGEST = 2_048  # characters of an address or a name

_NOT_TOLD = Raw(b"")
_Text = Annotated[str, Meta(max_length=LONGEST)]
_Base64 = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}\Z")]


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything around the events, which stay bytes until a receipt was judged."""

    v: int
    batch: _Base64
    events: list[Raw]
    site: Annotated[str, Meta(max_length=40)] = ""
    handle: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")] | None = None
    secret: _Base64 | None = None
    collector: _Text = ""
    gpc: bool = False
    dnt: bool = False
    vouch: _Text = ""


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event; each field stays bytes until its level is known to be above 0."""

    purpose: Annotated[str, Meta(max_length=81)]  # a name, or collector/purpose
    type: Literal["page_view", "action"]
    page: Raw = _NOT_TOLD
    referrer: Raw = _NOT_TOLD
    screen: Raw = _NOT_TOLD
    cookies: Raw = _NOT_TOLD
    action: Raw = _NOT_TOLD
    observed: Raw = _NOT_TOLD


class Jar(TypedDict, total=False):
    """What the page says of its cookie jar."""

    enabled: bool
    names: Annotated[list[_Text], Meta(max_length=200)]


class Done(TypedDict, total=False):
    """A custom event."""

    name: _Text
    properties: dict[_Text, _Text | int | float | bool | None]


# Of each attribute that the page tells, what may be told.
TOLD: dict[str, Any] = {
    "page": _Text,
    "referrer": _Text | None,
    "screen": Literal["phone", "tablet", "desktop"] | tuple[int, int],
    "cookies": Jar,
    "action": Done,
}
OBSERVED: Any = dict[_Text, list[_Text]]  # by a relay: the parts of each attribute

_SENT = msgspec.json.Decoder(Sent)
_TOLD = msgspec.json.Decoder(Told)
_OBSERVED = msgspec.json.Decoder(OBSERVED)
_FIELDS: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(kind) for name, kind in TOLD.items()
}
TOLD_BY_PAGE = frozenset(_FIELDS)


def read_batch(data: bytes) -> Sent:
    """A body that `check_json` has passed; Refused where it is not by the contract."""
    sent = decoded(_SENT, data)
    if not sent.events:
        raise Refused("bad-shape", "send at least one event")
    if len(sent.events) > EVENTS:
        raise Refused("too-many-events", f"send at most {EVENTS} events")
    return sent


def read_event(raw: Raw) -> Told | None:
    """One event, its fields unread; None where it is not by the contract."""
    try:
        return _TOLD.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def read_fields(told: Told, wanted: Iterable[str]) -> dict[str, object] | None:
    """The wanted fields that were told; None where one of them is not by the contract."""
    found: dict[str, object] = {"type": told.type}
    try:
        for name in wanted:
            raw: Raw = getattr(told, name)
            if raw is not _NOT_TOLD:
                found[name] = _FIELDS[name].decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return found


def read_observed(told: Told) -> dict[str, tuple[str, ...]] | None:
    """What a relay observed, by attribute; None where it is not by the contract."""
    if told.observed is _NOT_TOLD:
        return {}
    try:
        found: dict[str, list[str]] = _OBSERVED.decode(told.observed)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return {name: tuple(parts) for name, parts in found.items()}
