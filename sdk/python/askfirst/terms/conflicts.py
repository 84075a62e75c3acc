"""`subsumed_by`: whether terms lie within others, and every place where they do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .attributes import NAMES
from .sets import ANY_WORD, Listed
from .terms import BOTTOM, CLOSES, Terms
from .uses import within

MOST_NAMES = 50  # of what a list above allows, that a conflict repeats


@dataclass(frozen=True)
class Conflict:
    """One dimension in which terms go beyond those above: where, both values, what to write."""

    pointer: str
    declared: object
    allowed: object
    advice: str

    def below(self, prefix: str) -> Conflict:
        """The same conflict, seen from a document in which these terms stand at `prefix`."""
        return Conflict(prefix + self.pointer, self.declared, self.allowed, self.advice)

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "pointer": self.pointer,
            "declared": self.declared,
            "allowed": self.allowed,
            "advice": self.advice,
        }


_LISTS = (
    ("recipients", "recipients"),
    ("parameters", "query_parameters"),
    ("action_items", "actions"),
    ("cookies", "cookies"),
    ("storage", "storage"),
    ("table_items", "tables"),
)


def subsumed_by(a: Terms, b: Terms) -> tuple[Conflict, ...]:
    """Every dimension in which `a` goes beyond `b`; empty exactly when `a` lies within `b`."""
    if a == BOTTOM:
        return ()
    if b == BOTTOM:
        return (Conflict("", a.data_use, None, "leave the purpose out: nothing allows it"),)
    return tuple(_conflicts(a, b))


def _conflicts(a: Terms, b: Terms) -> Iterator[Conflict]:
    if not within(a.data_use, b.data_use):
        advice = f"write {b.data_use!r} or a use below it"
        yield Conflict("/data_use", a.data_use, b.data_use, advice)
    if a.legal_basis != b.legal_basis:
        advice = f"write {b.legal_basis!r}"
        yield Conflict("/legal_basis", a.legal_basis, b.legal_basis, advice)
    for name in NAMES:
        level, limit = a.scope.level(name), b.scope.level(name)
        if level > limit:
            advice = f"write {limit} or less" if limit else "leave it out"
            yield Conflict(f"/levels/{name}", level, limit, advice)
    for name in ("retention_days", "keep_rows_days"):
        if getattr(a, name) > getattr(b, name):
            yield _number(a, b, name, "less")
    for name in ("minimum_age", "min_cell_size"):
        if getattr(a, name) < getattr(b, name):
            yield _number(a, b, name, "more")
    if CLOSES.index(a.closes) > CLOSES.index(b.closes):
        yield Conflict("/closes", a.closes, b.closes, f"write {b.closes!r}")
    if a.sells_or_shares and not b.sells_or_shares:
        advice = "neither sell nor share: name processors only, and no use under marketing"
        yield Conflict("/sells_or_shares", True, False, advice)
    for attribute, key in _LISTS:
        yield from _beyond(key, getattr(a, attribute), getattr(b, attribute))


def _number(a: Terms, b: Terms, name: str, direction: str) -> Conflict:
    limit = getattr(b, name)
    return Conflict(f"/{name}", getattr(a, name), limit, f"write {limit} or {direction}")


def _beyond(key: str, a: Listed[Any], b: Listed[Any]) -> Iterator[Conflict]:
    if a.subsumed_by(b):
        return
    if a.everything:
        advice = f"list what is meant; {_plain(a)!r} is for a host alone"
        yield Conflict(f"/{key}", _plain(a), _plain(b), advice)
        return
    allowed = _plain(b)  # once: a list for each item of another would be quadratic
    for item in sorted(a.beyond(b), key=str):
        advice = f"take {_name(item)!r} out, or ask for it to be listed above"
        if b.everything:  # every list is, and this is none
            advice = f"list the values of {_name(item[:-1])!r}, or ask the host to write 'any'"
        yield Conflict(f"/{key}", _name(item), allowed, advice)


def _name(item: object) -> str:
    return "/".join(item) if isinstance(item, tuple) else str(item)


def _plain(listed: Listed[Any]) -> object:
    if listed.everything:
        return ANY_WORD if listed.any_of else "*"
    names = sorted(_name(item) for item in (*listed, *((*p, ANY_WORD) for p in listed.any_of)))
    if len(names) <= MOST_NAMES:
        return names
    return [*names[:MOST_NAMES], f"and {len(names) - MOST_NAMES} more"]
