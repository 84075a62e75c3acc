"""What a visitor takes back of a grant while the collector is away, and what still stands of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.system.frameworks.visitor import Got, Visitor
from tests.system.relay.test_http_collector import VISIT
from tests.system.relay.test_spool_restart import (
    Start,
    accept,
    owed,
    refuse,
    spooled,
    start,
    visitor,
)
from tests.system.relay.world import World, eventually

__all__ = ["start"]
pytestmark = pytest.mark.anyio

NO_GRANT = {"stored": 0, "dropped": [{"index": 0, "reason": "no-grant"}]}
KEPT = {"stored": 1, "dropped": []}


def tell(who: Visitor, *purposes: str, batch: str) -> Got:
    events: list[dict[str, Any]] = [
        {**VISIT, "purpose": name, "page": f"/{name}"} for name in purposes
    ]
    body = {"v": 1, "batch": batch.ljust(22, "_"), "events": events}
    return who.post_json("/askfirst/events", body)


def lower(who: Visitor, world: World, purpose: str) -> None:
    """Refuse one purpose, and leave the others as they are."""
    body = {"v": 2, "edition": world.policy.hash, "lang": "en", "method": "save"}
    got = who.post_json("/askfirst/consent", {**body, "choices": {purpose: 0}})
    assert (got.status, got.json["decision"]) == (200, "changed")


def stored(world: World) -> list[tuple[str, str]]:
    return sorted((row.purpose, row.values["page"][0]) for row in world.rows())


async def test_what_the_browser_takes_back_is_owed(world: World, start: Start) -> None:
    """S07, M50: a page is served while the collector is away; the ledger has it once it is back."""
    who = visitor(start())
    handle = accept(who, world)
    world.server.kill()
    assert who.get("/", ("ADPC", "withdraw=*")).status == 200
    assert tell(who, "statistics", batch="gone").json == NO_GRANT
    world.server.start()
    await eventually(lambda: world.consent_status(handle) == "withdrawn")
    assert stored(world) == []


@pytest.mark.parametrize("is_elsewhere", [False, True])
async def test_what_still_stands_is_not_lost(
    world: World, start: Start, is_elsewhere: bool
) -> None:
    """M50, M20: at the process that holds the events, or at another, one purpose is taken back."""
    who = visitor(start())
    other = visitor(start()) if is_elsewhere else who
    accept(who, world)
    world.server.kill()
    got = tell(who, "statistics", "marketing", batch="both")
    assert got.json == {"stored": 2, "dropped": []}
    assert tell(who, "marketing", batch="gone").json == KEPT
    other.jar.update(who.jar)
    lower(other, world, "marketing")
    assert len(owed(world)) == 1
    if not is_elsewhere:
        assert "marketing" not in json.dumps(spooled(world))
    world.server.start()
    await eventually(lambda: stored(world) == [("statistics", "/statistics")], seconds=40)
    await eventually(lambda: not owed(world) and not spooled(world), seconds=40)
    assert stored(world) == [("statistics", "/statistics")]


async def test_whose_end_was_recorded_is_not_told_that_it_is_stored(
    world: World, start: Start
) -> None:
    """M50: a cookie that still grants is no reason, at a process started later either."""
    first, second = start(), start()
    who, other = visitor(first), visitor(second)
    accept(who, world)
    other.jar.update(who.jar)
    refuse(who, world)
    assert owed(world) == [], "the collector has it, and nobody owes it"
    later = visitor(start())
    later.jar.update(other.jar)
    stays = Visitor(other.port, also=other.also)
    stays.get("/")
    accept(stays, world)
    world.server.kill()
    assert tell(other, "statistics", batch="over").json == NO_GRANT
    assert tell(stays, "statistics", batch="stays").json == KEPT
    assert tell(later, "statistics", batch="later").json == NO_GRANT


async def test_who_grants_again_after_a_restriction_is_kept(world: World, start: Start) -> None:
    """A restriction ends with the next grant of the same receipt."""
    who = visitor(start())
    accept(who, world)
    old = dict(who.jar)
    assert who.post_json("/askfirst/rights/restrict", {}).status == 200
    who.jar.update(old)
    accept(who, world)
    renewed = dict(who.jar)
    world.server.kill()
    assert tell(who, "statistics", batch="again").json == KEPT
    world.server.start()
    await eventually(lambda: spooled(world) == [], seconds=40)
    await eventually(lambda: stored(world) != [], seconds=40)
    assert who.post_json("/askfirst/rights/restrict", {}).status == 200
    world.server.kill()
    who.jar.update(renewed)
    assert tell(who, "statistics", batch="over").json == NO_GRANT
