"""A relay and a collector that goes to more pages than its visitors were told of (M16, M49)."""

from __future__ import annotations

from typing import Any

import pytest

from askfirst.client import Caller
from askfirst.contracts.events import Event
from askfirst.remote.placed_events import Where, where
from askfirst.terms.consent import Consent
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.token import State
from tests.support.collectors import policy
from tests.support.placing import tides

NAME = "tides/statistics"
SITE = policy(origins=["https://shop.example", "https://www.shop.example"])


def editions(*documents: dict[str, Any]) -> Editions:
    """One edition for each, with the collector placed so."""
    placed = [{"tides": tides(SITE, **each)} for each in documents]
    made = (Edition(n, str(n), 0, SITE, each) for n, each in enumerate(placed, 1))
    return Editions(tuple(made))


def told(known: Editions, page: str, since: int, origin: str = "https://shop.example") -> Any:
    state = State("shop", since, {"statistics": 2, NAME: 2}, 2**33)
    caller = Caller("shop", "ab" * 32, False, False, Consent("shop", state, known), lambda *_: True)
    event = Event(NAME, "page_view", {"page": page})
    found = where(event, "word", caller, known.current, [(b"origin", origin.encode())])
    return found.pattern if isinstance(found, Where) else found


@pytest.mark.parametrize(
    ("then", "now", "page", "pattern"),
    [
        (["/tides/**"], ["/tides/**"], "/tides/x", "/tides/**"),
        (["/tides/**"], ["/tides/**", "/health/*"], "/health/x", "no-grant"),
        (["/tides/**"], ["/t*/**"], "/tides/x", "/tides/**"),
        (["/tides/**"], ["/t*/**"], "/tests/x", "no-grant"),
        (["/t*/**"], ["/tides/*"], "/tides/x", "/tides/*"),
        (["/t*/**"], ["/tides/*"], "/tests/x", "wrong-page"),
    ],
)
def test_an_event_leaves_from_pages_that_were_agreed_to_alone(
    then: list[str], now: list[str], page: str, pattern: str
) -> None:
    """M16, M26: and the pattern that is told says no more than either edition did."""
    known = editions({"pages": then}, {"pages": now})
    assert told(known, page, 1) == pattern
    if pattern == "no-grant":
        assert told(known, page, 2) != "no-grant"


def test_nor_from_an_origin_that_was_added() -> None:
    """M16: none of its own means all of the site's."""
    known = editions({"origins": ["https://shop.example"]}, {"origins": []})
    assert told(known, "/tides/x", 1) == "/tides/**"
    assert told(known, "/tides/x", 1, "https://www.shop.example") == "no-grant"
    assert told(known, "/tides/x", 2, "https://www.shop.example") == "/tides/**"
