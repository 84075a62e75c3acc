"""Placed collectors for the tests of the gate: what is placed, and how an edition gets it."""

from __future__ import annotations

import copy
from typing import Any

from askfirst.terms.edition import Edition, Editions, edition_hash
from askfirst.terms.placed import Placed, placed_conflicts, read_placed
from askfirst.terms.policy import Policy
from tests.unit.gate.memory import NOW, MemoryCollector, make_policy

TIDES: dict[str, Any] = {
    "version": 1,
    "collector": "tides",
    "site": "shop",
    "pages": ["/tides/**"],
    "controller": {"name": "Tide Ltd", "contact": "tide@example.org", "country": "IE"},
    "jurisdiction": "EU",
    "languages": ["en"],
    "purposes": {
        "statistics": {
            "data_use": "analytics",
            "levels": {"page": 2, "time": 1},
            "retention_days": 30,
            "text": {
                "en": {"title": "Tide counter", "description": "Counts the readers of tides."}
            },
        }
    },
}


def changed(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Another collector: `statistics` is merged into its purpose, the rest replaces keys."""
    found = copy.deepcopy(document)
    found["purposes"]["statistics"] |= changes.pop("statistics", {})
    return {**found, **changes}


def place(
    collector: MemoryCollector | None, policy: Policy | None, *documents: dict[str, Any]
) -> Editions:
    """The next edition of a site: its policy with exactly these collectors placed."""
    policy = policy or make_policy()
    placed: dict[str, Placed] = {}
    for document in documents:
        read = read_placed(document)
        assert not list(placed_conflicts(read, policy))
        placed[read.name] = read
    published = collector.published if collector is not None else []
    if not published:
        published.append(Edition(1, policy.hash, int(NOW), policy))
    number = len(published) + 1
    published.append(Edition(number, edition_hash(policy, placed), int(NOW), policy, placed))
    return Editions(tuple(published))
