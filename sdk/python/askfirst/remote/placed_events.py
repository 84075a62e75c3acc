"""Events of placed collectors at a relay: which are a collector's own, and what is told of where.

The collector that takes them in does not see the page, and matches again what it is told: the
pattern by which this gate let the event through, which is the same for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from askfirst.client import Caller
from askfirst.contracts.drops import Drop
from askfirst.contracts.events import Event, read_path
from askfirst.contracts.origin import exact_origin
from askfirst.http.headers import Headers
from askfirst.terms.attributes import UNKNOWN
from askfirst.terms.edition import Edition
from askfirst.terms.pages import covers, is_active_on
from askfirst.terms.placed import Placed, split


@dataclass(frozen=True)
class Where:
    """The pattern that matched the page of an event."""

    pattern: str


def where(
    event: Event, vouch: str, caller: Caller, edition: Edition, headers: Headers
) -> Where | Drop:
    """Where an event of a placed collector is from, or why it is none of its own.

    Whose the write key is only the collector elsewhere knows; it judges that, and the rest again.
    """
    name, _ = split(event.purpose)
    if not name:
        return Drop.UNKNOWN_PURPOSE
    placed = edition.placed.get(name)
    if placed is None:
        return Drop.UNKNOWN_COLLECTOR
    path = read_path(event)
    if path is None:
        return Drop.BAD_EVENT
    if not placed.is_active_on(path) or not _is_its_origin(placed, headers):
        return Drop.WRONG_PAGE
    if caller.accepts_page_token is None or not caller.accepts_page_token(name, path, vouch):
        return Drop.WRONG_PAGE
    if edition.purpose(event.purpose) is None:
        return Drop.UNKNOWN_PURPOSE
    agreed = _agreed(event.purpose, caller)
    if agreed is None or not _is_its_origin(agreed, headers):
        return Drop.NO_GRANT
    # It says nothing but what both of them say, the present terms and those that were agreed to.
    patterns = (
        candidate for candidate in (*placed.pages, *agreed.pages) if is_active_on([candidate], path)
    )
    both = (
        candidate
        for candidate in patterns
        if covers(placed.pages, candidate) and covers(agreed.pages, candidate)
    )
    pattern = next(both, None)
    return Drop.NO_GRANT if pattern is None else Where(pattern)


def _agreed(purpose: str, caller: Caller) -> Placed | None:
    """The collector as its visitor was told of it when they agreed."""
    consent = caller.consent
    if consent is None:
        return None
    choice = consent.choice(purpose)
    edition = consent.editions.get(choice.edition) if choice is not None else None
    return None if edition is None else edition.placed.get(split(purpose)[0])


def placed_event(event: Mapping[str, Any], place: Where) -> dict[str, Any]:
    """An event as it leaves: the pattern says where it is from, and never what the page was."""
    observed = {"page": [UNKNOWN], **event["observed"]}
    return {**event, "page": place.pattern, "observed": observed}


def _is_its_origin(placed: Placed, headers: Headers) -> bool:
    if not placed.policy.origins:
        return True
    return exact_origin(headers, placed.policy.origins) is not None
