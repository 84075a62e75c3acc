"""The audit says what happened to what: which edition, from what to what, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from askfirst_collector.dashboard.members.audit import differences
from askfirst_collector.ledger.changes import Change, changes
from askfirst_collector.usecases.sites import publish_policy
from tests.support.collectors import policy
from tests.system.isolation.world import SHOP, world

pytestmark = pytest.mark.anyio


async def test_a_published_policy_is_told_by_its_edition(tmp_path: Path) -> None:
    """Number and hash are those of the page of editions, which the reader can open."""
    wider = policy("standard", site=SHOP, origins=["https://shop.example"])
    with world(tmp_path) as opened:
        site = opened.parts.registry.site(SHOP)
        assert site is not None
        old = site.editions.current
        new = publish_policy(opened.parts, opened.people["olive"], wider, expected=1).current
        (change,) = changes(opened.parts.engine, 1, sites={SHOP})
        assert change.before["hash"] == old.hash
        assert differences(change)[:2] == [("edition", "1", "2"), ("hash", old.hash, new.hash)]
        async with opened.browser("olive") as client:
            audit = (await client.get(f"/sites/{SHOP}/audit")).text
            edition = (await client.get(f"/sites/{SHOP}/editions/2")).text
    assert new.hash in audit
    assert new.hash in edition
    assert str(new.effective) not in audit


def test_a_change_of_before_is_shown_field_by_field() -> None:
    """Neither unix seconds, nor JSON that is cut off."""
    old = {"hash": "sha256-a", "effective": 1_795_000_000}
    document = {"purposes": {"statistics": {"days": 9, "text": "x" * 400}}, "pages": ["/a", "/b"]}
    change = Change(1, "ada", "collector.change", "tides", SHOP, old, {"document": document}, 0)
    assert differences(change) == [
        ("hash", "sha256-a", ""),
        ("effective", "2026-11-18 11:06 UTC", ""),
        ("document › purposes › statistics › days", "", "9"),
        ("document › purposes › statistics › text", "", "x" * 400),
        ("document › pages", "", "/a, /b"),
    ]
