"""Placed collectors for tests: a document to change, and one that stands on its pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from askfirst.terms.placed import Placed, read_placed
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.placed import PlacedCollector
from askfirst_collector.services import Services

OWNER = "ann"
LEVELS = {"page": 2, "time": 2, "browser": 1, "action": 1, "visitor": 1}


def tides(site: Policy, /, **changes: Any) -> Placed:
    """The collector "tides" on `/tides/**` of a site; `statistics` changes terms of its purpose."""
    terms: dict[str, Any] = {
        "data_use": site.purposes["statistics"].terms.data_use,
        "levels": LEVELS,
        "retention_days": 30,
        "closes": site.purposes["statistics"].terms.closes,
        "min_cell_size": site.purposes["statistics"].terms.min_cell_size,
        "text": {"en": {"title": "Tide counter", "description": "Counts readers of tides."}},
    }
    given: Mapping[str, Any] = changes.pop("statistics", {})
    document: dict[str, Any] = {
        "version": 1,
        "collector": "tides",
        "site": site.site,
        "pages": ["/tides/**"],
        "controller": {"name": "Tide Ltd", "contact": "tide@example.org", "country": "IE"},
        "jurisdiction": "EU",
        "languages": ["en"],
        "purposes": {"statistics": {**terms, **given}},
    }
    return read_placed({**document, **changes})


def place(parts: Services, placed: Placed, *, owner: str = OWNER) -> PlacedCollector:
    """Put a collector on its pages: the next edition of its site asks for it."""
    parts.placing.save(placed, owner=owner, actor=owner)
    return state(parts, placed, "active")


def state(parts: Services, placed: Placed, to: Any) -> PlacedCollector:
    """Put it in another state."""
    return parts.placing.set_state(placed.policy.site, placed.name, to, actor=OWNER)
