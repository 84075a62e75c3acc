"""What a site publishes of its editions: enough for a script to decide as the gate does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .edition import Choice, Editions, bounded_terms, sells_under_any, widenings
from .lattice import Detail
from .lists import write_values
from .terms import BOTTOM, Action, Terms

DETAILS = (Detail.REDUCED, Detail.AS_ASKED)


def published(editions: Editions) -> dict[str, Any]:
    """The body of `/askfirst/policy` as plain values; the same for everyone.

    `bounds[EDITION][PURPOSE][DETAIL]` are the levels that a state cookie with that edition allows
    today; what is not there allows nothing. `changes[EDITION][PURPOSE]` lists what the current
    edition asks beyond it. `lists[EDITION][PURPOSE]`, there only where it is less than the policy
    lists today, is what that edition lets a page send. `details` are the bounds of the current
    edition. `automatic`, there only where there are some, are the actions by purpose that the
    script tells of by itself; `routed`, only where the policy has `hash_routes`, the editions under
    which what stands behind `#/` is told. `placed`, there only where collectors are placed, says
    what each is and on which pages it stands.
    """
    current = editions.current
    policy = current.policy
    numbers = [edition.number for edition in editions]
    bounds = {str(number): _bounds(editions, number) for number in numbers}
    return {
        "number": current.number,
        "hash": current.hash,
        "effective": datetime.fromtimestamp(current.effective, UTC).isoformat(timespec="seconds"),
        "policy": policy.document,
        "asked": list(policy.asked),
        "sells": [name for name in current.every if sells_under_any(editions, name)],
        "closed": policy.for_children,
        "details": bounds[str(current.number)],
        "bounds": bounds,
        "changes": {str(number): _changes(editions, number) for number in numbers[:-1]},
        **({"lists": lists} if (lists := _lists(editions)) else {}),
        **({"automatic": automatic} if (automatic := _automatic(editions)) else {}),
        **({"routed": _routed(editions)} if policy.hash_routes else {}),
        **({"placed": _placed(editions)} if current.placed else {}),
    }


def _lists(editions: Editions) -> dict[str, Any]:
    """What older editions let a page send, where it is not all that the current one lists."""
    lists: dict[str, Any] = {}
    for edition in list(editions)[:-1]:
        for name in editions.current.every:
            choice = Choice(Detail.AS_ASKED, editions.bound_of(edition.number))
            terms = bounded_terms(editions, name, choice)
            purpose = editions.current.purpose(name)
            if terms != BOTTOM and purpose and _sendable(terms) != _sendable(purpose.terms):
                lists.setdefault(str(edition.number), {})[name] = _sendable(terms)
    return lists


def _sendable(terms: Terms) -> dict[str, Any]:
    """The lists that a page cuts by, as a policy writes them."""
    return {
        "query_parameters": {
            name: write_values(terms.query_parameters[name])
            for name in sorted(terms.query_parameters)
        },
        "actions": {name: _properties(terms.actions[name]) for name in sorted(terms.actions)},
        "cookies": sorted(terms.cookies),
    }


def _properties(action: Action) -> dict[str, Any]:
    values = {name: write_values(listed) for name, listed in action.values.items()}
    buckets = {name: {"buckets": list(bounds)} for name, bounds in action.buckets.items()}
    return {name: values.get(name) or buckets[name] for name in sorted({*values, *buckets})}


def _automatic(editions: Editions) -> dict[str, list[str]]:
    purposes = {name: editions.current.purpose(name) for name in editions.current.every}
    return {
        name: list(purpose.terms.automatic)
        for name, purpose in purposes.items()
        if purpose and purpose.asked and purpose.terms.automatic
    }


def _routed(editions: Editions) -> list[int]:
    numbers = [edition.number for edition in editions]
    agreed = {number: editions.get(editions.bound_of(number)) for number in numbers}
    return [number for number, edition in agreed.items() if edition and edition.policy.hash_routes]


def _placed(editions: Editions) -> dict[str, Any]:
    current = editions.current
    return {
        name: {
            **current.placed[name].document,
            "origins": sorted(current.placed[name].origins(current.policy)),
            "asked": list(current.placed[name].asked),
        }
        for name in sorted(current.placed)
    }


def _bounds(editions: Editions, number: int) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    for name in editions.current.every:
        for detail in DETAILS:
            terms = bounded_terms(editions, name, Choice(detail, editions.bound_of(number)))
            if terms != BOTTOM:
                bounds.setdefault(name, {})[str(int(detail))] = terms.scope.effective_levels()
    return bounds


def _changes(editions: Editions, number: int) -> dict[str, list[dict[str, object]]]:
    since = editions.bound_of(number)
    changes = {name: widenings(editions, name, since) for name in editions.current.every}
    return {
        name: [widening.as_dict() for widening in wider] for name, wider in changes.items() if wider
    }
