"""What a site publishes for its script: of older editions what they still let a page send."""

from __future__ import annotations

from askfirst.terms.published import published
from tests.unit.terms.test_consent import FIRST, editions

ACTIONS = {"buy": {"plan": ["free", "pro"], "seats": {"buckets": [0, 10]}}}


def test_what_pages_tell_of_by_themselves_is_published() -> None:
    """M25: by purpose, where it lists the action with its property and may gather actions."""
    actions = {
        "engaged": {"seconds": {"buckets": [0, 10]}},
        "outbound": {"host": "any"},
        "download": {},  # an action of the site's own
        "not_found": {},
        "lcp": {"value": ["good"]},
    }
    path = "purposes/statistics"
    listed = {f"{path}/actions": actions}
    assert published(editions(listed))["automatic"] == {
        "statistics": ["engaged", "outbound", "not_found"]
    }
    assert "automatic" not in published(editions({f"{path}/actions": ACTIONS}))
    none = {f"{path}/levels/action": 0}
    assert "automatic" not in published(editions({**listed, **none}))


def test_an_older_edition_publishes_its_lists_where_they_are_less() -> None:
    """M16: what was listed then and is now; a purpose of which nothing changed is left out."""
    path = "purposes/statistics"
    wider = {"buy": {"plan": ["free", "max", "pro"], "seats": {"buckets": [0, 50]}}, "share": {}}
    history = editions(
        {f"{path}/actions": ACTIONS, f"{path}/cookies": ["_a*"]},
        {f"{path}/actions": wider, f"{path}/query_parameters": {"q": ["x"]}},
    )
    lists = published(history)["lists"]
    assert lists["2"] == {
        "statistics": {
            "query_parameters": {},
            "actions": {"buy": {"plan": ["free", "pro"]}},
            "cookies": ["_a*"],
        }
    }
    assert lists["1"]["statistics"]["cookies"] == []


def test_without_anything_less_there_are_no_lists() -> None:
    """A policy that never listed more reads as before."""
    title = {"purposes/statistics/text/en/title": "Counting"}
    assert "lists" not in published(editions(title))
    assert FIRST.document["purposes"]["statistics"]["cookies"] == []
