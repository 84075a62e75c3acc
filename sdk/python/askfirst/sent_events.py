"""A batch of events as a page sends it, for a relay: checked in shape, read no further."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .errors import Refused
from .gate.headers import Headers, first, values

MOST = 100  # events
LONGEST = 2_048  # characters of an address or a name
LONGEST_PURPOSE = 81  # a name, or collector/purpose
_BATCH = re.compile(r"[A-Za-z0-9_-]{22}")
_KEYS = frozenset({"v", "batch", "events", "site", "handle", "secret", "collector", "gpc", "dnt"})
_EVENT = frozenset({"purpose", "type", "page", "referrer", "screen", "cookies", "action"})
_FLAGS = ("gpc", "dnt")
_TYPES = (b"application/json", b"text/plain")


@dataclass(frozen=True)
class Event:
    """One event: its fields are what the page said, and nobody has looked at them yet."""

    purpose: str
    type: Literal["page_view", "action"]
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class SentBatch:
    """A batch; an event that is None was not by the contract."""

    name: str
    events: tuple[Event | None, ...]
    gpc: bool
    dnt: bool
    collector: str = ""  # the write key of a placed one
    vouch: str = ""  # the gate's word for the page


def check_type(headers: Headers) -> None:
    """Refuse another media type than JSON, and every coding."""
    kind = (first(headers, b"content-type") or b"").partition(b";")[0].strip().lower()
    if any(
        value.lower() not in (b"", b"identity") for value in values(headers, b"content-encoding")
    ):
        raise Refused("encoded-body", "send the body without a content coding")
    if kind not in _TYPES:
        raise Refused("unsupported-media-type", "send application/json or text/plain")


def read_sent(body: object, *, site: str) -> SentBatch:
    """The batch of a gate's own page; Refused where it is not by the contract.

    The receipt comes by its cookie, the site by its server: a body may speak of no other.
    """
    if not isinstance(body, dict):
        raise Refused("bad-shape", "send one object")
    if unknown := body.keys() - _KEYS - {"vouch"}:
        raise Refused("unknown-field", f"leave {min(unknown)[:40]!r} out")
    if type(body.get("v")) is not int or body["v"] != 1:
        raise Refused("unknown-version", "send v: 1")
    if body.get("handle") is not None or body.get("secret") is not None:
        raise Refused("bad-shape", "the receipt comes by its cookie: leave handle, secret out")
    if body.get("site", "") not in ("", site):
        raise Refused("bad-shape", "leave site out")
    name, events = body.get("batch"), body.get("events")
    if not isinstance(name, str) or not _BATCH.fullmatch(name):
        raise Refused("bad-shape", "send batch: 22 characters of base64url")
    if not isinstance(events, list) or not events:
        raise Refused("bad-shape", "send at least one event")
    if len(events) > MOST:
        raise Refused("too-many-events", f"send at most {MOST} events")
    if any(type(body.get(flag, False)) is not bool for flag in _FLAGS):
        raise Refused("bad-shape", "send gpc and dnt as true or false")
    return SentBatch(
        name,
        tuple(map(_event, events)),
        body.get("gpc", False),
        body.get("dnt", False),
        _text(body, "collector"),
        _text(body, "vouch"),
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name, "")
    if not _is_text(found):
        raise Refused("bad-shape", f"send {name} as text")
    return str(found)


def _event(told: object) -> Event | None:
    if not isinstance(told, dict) or told.keys() - _EVENT:
        return None
    purpose, kind = told.get("purpose"), told.get("type")
    if not isinstance(purpose, str) or len(purpose) > LONGEST_PURPOSE:
        return None
    if kind not in ("page_view", "action"):
        return None
    return Event(purpose, kind, {k: v for k, v in told.items() if k not in ("purpose", "type")})


def is_well_shaped(name: str, value: object) -> bool:
    """Whether a field may be read as what it is called; asked only of fields that are wanted."""
    if name == "page":
        return _is_text(value)
    if name == "referrer":
        return value is None or _is_text(value)
    if name == "screen":
        pair = isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value)
        return pair or value in ("phone", "tablet", "desktop")
    if name == "cookies":
        return isinstance(value, dict) and not value.keys() - {"enabled", "names"}
    if not isinstance(value, dict) or value.keys() - {"name", "properties"}:
        return False
    properties = value.get("properties", {})
    return (
        _is_text(value.get("name"))
        and isinstance(properties, dict)
        and all(
            len(key) <= LONGEST
            and (each is None or isinstance(each, int | float) or _is_text(each))
            for key, each in properties.items()
        )
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST
