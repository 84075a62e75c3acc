"""A site whose notice and pages the tests show: its policy, its editions, its visitors."""

from __future__ import annotations

import copy
from html.parser import HTMLParser
from typing import Any

from askfirst.terms.consent import Consent, Signals
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.policy import Policy, read_policy
from askfirst.terms.token import State
from tests.support.policies import every_purpose

HOSTILE = "<img src=x onerror=alert(1)>\"'&\u2069\u202eevil\u2069"
HARMLESS = "<img src=x onerror=alert(1)>\"'&evil"  # how it is shown
ADVERTISER = {
    "name": "Adsmith GmbH",
    "role": "controller",
    "country": "DE",
    "hosts": ["ads.example"],
}


def document(*, age: int = 0, hostile: bool = False) -> dict[str, Any]:
    """The shipped full policy for a shop, with a third party and a purpose that is not asked."""
    found: dict[str, Any] = copy.deepcopy(every_purpose("full").document)
    found["controller"]["name"] = HOSTILE if hostile else "Tidewater Press"
    purposes = found["purposes"]
    purposes["marketing"] |= {"recipients": [ADVERTISER], "cookies": ["_ads_*"]}
    purposes["marketing"]["sells_or_shares"] = True
    purposes["safety"] = copy.deepcopy(purposes["preferences"]) | {
        "legal_basis": "legitimate_interests",
        "data_use": "essential.service.security",
        "text": {"en": {"title": "Keeping the site safe", "description": "To stop attacks."}},
    }
    for purpose in purposes.values():
        purpose["minimum_age"] = age
    if hostile:
        purposes["statistics"]["text"]["en"] |= {"title": HOSTILE, "description": HOSTILE}
    return found


def before(newer: dict[str, Any]) -> dict[str, Any]:
    """An edition that asked less for statistics: no region, and for 90 days."""
    found: dict[str, Any] = copy.deepcopy(newer)
    found["purposes"]["statistics"]["levels"]["ip"] = 1
    found["purposes"]["statistics"]["retention_days"] = 90
    return found


def editions(*policies: dict[str, Any]) -> Editions:
    """These policies as editions, oldest first."""
    read: list[Policy] = [read_policy(each) for each in policies]
    effective = 1_760_000_000
    return Editions(tuple(Edition(n, p.hash, effective, p) for n, p in enumerate(read, 1)))


def visitor(known: Editions, edition: int = 0, *, gpc: bool = False, **details: int) -> Consent:
    """The consent of somebody who answered with these details under that edition; 0 is nobody."""
    state = State("example", edition, details, 2_000_000_000) if edition else None
    return Consent("example", state, known, Signals(gpc=gpc))


class Page(HTMLParser):
    """What a page holds: its elements in order, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """The attributes of every element of this name with these attributes."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]
