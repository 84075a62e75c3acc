"""Custom events: a listed name, and listed properties with listed values or declared buckets."""

from __future__ import annotations

from collections.abc import Mapping

from ..contracts.events import Action
from ..terms.attributes import OTHER, UNKNOWN, Value
from ..terms.terms import Action as ActionTerms
from .value import NONE, allowed_text


def action(sent: Action | None, listed: Mapping[str, ActionTerms]) -> Value:
    """Name, properties: ("signup", "plan=pro&seats=10-49"), in the order of their names.

    An unlisted name or value is `other`; an unlisted property is left out; a listed one that was
    not told is `none`.
    """
    if sent is None:
        return (UNKNOWN,)
    terms = listed.get(sent.name)
    if terms is None:
        return (OTHER, NONE)
    properties = sent.properties
    parts = {prop: _listed(properties.get(prop), values) for prop, values in terms.values.items()}
    for prop, bounds in terms.buckets.items():
        parts[prop] = _bucket(properties.get(prop), bounds)
    return (sent.name, "&".join(f"{prop}={parts[prop]}" for prop in sorted(parts)) or NONE)


def _listed(value: object, values: frozenset[str]) -> str:
    if value is None:
        return NONE
    text = str(value).lower() if isinstance(value, bool) else value
    if isinstance(text, int):
        text = _digits(text)
    return allowed_text(text, values) if isinstance(text, str) else OTHER


def _digits(number: int) -> str:
    # str() of a very long number takes quadratic time, and Python refuses it beyond 4,300 digits.
    return str(number) if abs(number) < 10**18 else OTHER


def _bucket(value: object, bounds: tuple[int, ...]) -> str:
    """The bucket of a number: "10-49" for bounds (0, 10, 50); below the first bound is `other`."""
    if value is None:
        return NONE
    if isinstance(value, bool) or not isinstance(value, int | float):
        return OTHER
    lower: int | None = None
    for bound in bounds:
        if not value >= bound:  # "not >=" so that NaN is in no bucket
            return OTHER if lower is None else f"{lower}-{bound - 1}"
        lower = bound
    return OTHER if lower is None else f"{lower}+"
