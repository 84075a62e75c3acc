"""What a site publishes of its editions: enough for a script to decide as the gate does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .edition import Choice, Editions, bounded_terms, sells_under_any, widenings
from .lattice import Detail
from .terms import BOTTOM

DETAILS = (Detail.REDUCED, Detail.AS_ASKED)


def published(editions: Editions) -> dict[str, Any]:
    """The body of `/askfirst/policy` as plain values; the same for everyone.

    `bounds[EDITION][PURPOSE][DETAIL]` are the levels that a state cookie with that edition allows
    today; what is not there allows nothing. `changes[EDITION][PURPOSE]` lists what the current
    edition asks beyond it. `details` are the bounds of the current edition. `placed`, there
    only where collectors are placed, says what each is and on which pages it stands.
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
        **({"placed": _placed(editions)} if current.placed else {}),
    }


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
                bounds.setdefault(name, {})[str(int(detail))] = terms.scope.as_dict()
    return bounds


def _changes(editions: Editions, number: int) -> dict[str, list[dict[str, object]]]:
    since = editions.bound_of(number)
    changes = {name: widenings(editions, name, since) for name in editions.current.every}
    return {
        name: [widening.as_dict() for widening in wider] for name, wider in changes.items() if wider
    }
