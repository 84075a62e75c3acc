"""What a relay observed, held to what its terms list: no relay can say what the site could not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from urllib.parse import unquote

from askfirst.contracts.events import SCREENS
from askfirst.observe.channels import DIRECT, INTERNAL, table
from askfirst.observe.page import query_value
from askfirst.observe.value import NONE, free_text
from askfirst.terms.attributes import OTHER, UNKNOWN, Value
from askfirst.terms.sets import ANY
from askfirst.terms.terms import Action, Terms

_COUNTRY = re.compile(r"[A-Z]{2}")
_PAIRS = 64  # listed properties or parameters that one value may name


def listed(observed: Mapping[str, Value], terms: Terms) -> dict[str, Value]:
    """The values with every part that must come from a list held to it: else `other`.

    Lengths and levels are bounded elsewhere; what comes from no list is by closing.
    """
    return {
        name: _CHECKS[name](value, terms) if name in _CHECKS else value
        for name, value in observed.items()
    }


def _page(value: Value, terms: Terms) -> Value:
    if len(value) < 3:
        return value
    return (*value[:2], _pairs(value[2], lambda name, text: _parameter(name, text, terms)))


def _parameter(name: str, text: str, terms: Terms) -> str | None:
    if name not in terms.query_parameters:
        return None
    return query_value(unquote(text, errors="replace"), terms.query_parameters[name])


def _campaign(value: Value, terms: Terms) -> Value:
    return value if value == (UNKNOWN,) else tuple(free_text(part).lower() for part in value)


def _referrer(value: Value, terms: Terms) -> Value:
    return value if value[:1] and value[0] in _channels() else (UNKNOWN,)


@cache
def _channels() -> frozenset[str]:
    return frozenset({DIRECT, INTERNAL, UNKNOWN, OTHER, *table().values()})


def _ip(value: Value, terms: Terms) -> Value:
    return value if value[:1] and _COUNTRY.fullmatch(value[0]) else (UNKNOWN,)


def _screen(value: Value, terms: Terms) -> Value:
    return value if value[:1] and value[0] in SCREENS else (UNKNOWN,)


def _cookies(value: Value, terms: Terms) -> Value:
    if value[:1] not in (("enabled",), ("disabled",)):
        return (UNKNOWN,)
    if len(value) < 2:
        return value
    names = sorted(set(value[1].split(" ")) & set(terms.cookies))
    return (value[0], " ".join(names) or NONE)


def _action(value: Value, terms: Terms) -> Value:
    action = terms.actions.get(value[0]) if value else None
    if value == (UNKNOWN,):
        return value
    if action is None:
        return (OTHER, NONE)
    if len(value) < 2 or value[1] == UNKNOWN:
        return value[:2]
    return (value[0], _pairs(value[1], lambda name, text: _property(name, text, action)))


def _property(name: str, text: str, action: Action) -> str | None:
    values = action.values.get(name, frozenset())
    if values is ANY:
        return free_text(text)
    known = values | _labels(action.buckets.get(name, ()))
    if not known:
        return None
    return text if text in known or text in (NONE, OTHER) else OTHER


def _labels(bounds: tuple[int, ...]) -> frozenset[str]:
    within = {f"{low}-{high - 1}" for low, high in pairwise(bounds)}
    return frozenset(within | {f"{bounds[-1]}+"} if bounds else ())


def _pairs(text: str, known: Callable[[str, str], str | None]) -> str:
    """A text such as "plan=pro&seats=10-49", each value as `known` says; None leaves it out."""
    pairs: dict[str, str] = {}
    for pair in text.split("&")[:_PAIRS]:
        name, _, value = pair.partition("=")
        label = known(name, value)
        if label is not None:
            pairs.setdefault(name, label)
    return "&".join(f"{name}={pairs[name]}" for name in sorted(pairs)) or NONE


_CHECKS: Mapping[str, Callable[[Value, Terms], Value]] = {
    "page": _page,
    "referrer": _referrer,
    "campaign": _campaign,
    "ip": _ip,
    "screen": _screen,
    "cookies": _cookies,
    "action": _action,
}
