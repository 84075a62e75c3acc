"""Placed collectors for tests: a document to change, and one that stands on its pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from askfirst.terms.placed import Placed, read_placed
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.placed import PlacedCollector, State
from askfirst_collector.ledger.changes import CLI
from askfirst_collector.services import Services
from askfirst_collector.usecases.placed_collectors import (
    SavedCollector,
    save_collector,
    set_collector_state,
)
from tests.support.people import admin

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
    save(parts, placed, owner=owner, actor=CLI)
    return state(parts, placed, "active", actor=CLI)


def save(
    parts: Services, placed: Placed, *, owner: str = OWNER, actor: str = OWNER, **options: Any
) -> SavedCollector:
    """Save its terms as this host admin."""
    return save_collector(parts, admin(parts, actor), placed, owner=owner, **options)


def state(parts: Services, placed: Placed, to: State, *, actor: str = OWNER) -> PlacedCollector:
    """Put it in another state."""
    site = placed.policy.site
    return set_collector_state(parts, admin(parts, actor), site, placed.name, to)
