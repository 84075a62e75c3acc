"""What a relay takes over of the collector's terms."""

from __future__ import annotations

from typing import Any

from askfirst.remote.connections import Reply
from askfirst.remote.terms import RemoteTerms
from askfirst.terms.policy import Policy
from tests.collectors import policy


async def _never(etag: str | None) -> Reply:
    raise AssertionError


def told(*published: Policy) -> dict[str, Any]:
    return {
        "editions": [
            {
                "number": number,
                "hash": each.hash,
                "effective": 0,
                "policy": each.document,
                "terms": {},
            }
            for number, each in enumerate(published, 1)
        ]
    }


def test_another_edition_of_the_same_number_is_another_edition() -> None:
    """M33: where the collector was restored from a backup, its history goes on from there."""
    terms = RemoteTerms(_never, now=lambda: 0.0)
    full, minimal = policy("full"), policy("minimal")
    terms.learn(told(full, minimal), etag=None)
    before = terms.editions
    terms.learn(told(full, minimal), etag=None)
    assert terms.editions is before
    terms.learn(told(full, policy("standard")), etag=None)
    assert terms.editions.current.hash == policy("standard").hash
