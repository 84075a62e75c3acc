"""What a relay takes over of the collector's terms."""

from __future__ import annotations

from typing import Any

import pytest

from askfirst import __version__
from askfirst.remote.connections import Reply
from askfirst.remote.terms import RemoteTerms
from askfirst.terms.policy import Policy
from tests.support.collectors import policy


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


def test_a_collector_for_newer_sites_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A relay is upgraded before its collector; what it is told then narrows, and is loud."""
    terms = RemoteTerms(_never, now=lambda: 0.0)
    for oldest in (__version__, None, [7], "9" * 5000 + ".0.0", "0.0.1"):
        terms.learn({**told(), "oldest_sdk": oldest}, etag=None)
    assert caplog.messages == []
    for _ in range(2):
        terms.learn({**told(), "oldest_sdk": "9.0.0"}, etag=None)
    (message,) = caplog.messages
    assert message.startswith("askfirst.W039 the collector is for askfirst 9.0.0 and later, ")
    assert __version__ in message
