"""Events of a page's script while the collector is away: on disk, and judged again."""

from __future__ import annotations

import stat
from typing import Any

import pytest

from tests.system.frameworks.visitor import Got, Visitor
from tests.system.relay.test_http_collector import VISIT
from tests.system.relay.test_spool_restart import (
    Start,
    accept,
    owed,
    pages,
    refuse,
    refused_meanwhile,
    spooled,
    start,
    visitor,
)
from tests.system.relay.world import World, eventually

__all__ = ["start"]
pytestmark = pytest.mark.anyio


def tell(who: Visitor, page: str = "/kept?u=CANARY", batch: str = "b" * 22) -> Got:
    event: dict[str, Any] = {**VISIT, "page": page}
    return who.post_json("/askfirst/events", {"v": 1, "batch": batch, "events": [event]})


async def test_it_is_on_disk_before_the_page_is_answered(world: World, start: Start) -> None:
    """M50: 202 means on disk; kill -9 loses nothing of it and doubles nothing."""
    site = start()
    who = visitor(site)
    accept(who, world)
    world.server.kill()
    got = tell(who)
    assert (got.status, got.json) == (202, {"stored": 1, "dropped": []})
    assert tell(who).status == 202  # it did not hear the answer, and sends the batch once more
    site.kill()
    site.wait()
    file = world.own / "spool/events"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"CANARY" not in file.read_bytes(), "less precise before it is written"
    assert len(spooled(world)) == 2
    start()
    world.server.start()
    await eventually(lambda: spooled(world) == [], seconds=40)
    assert pages(world) == ["/kept"]


async def test_it_is_judged_again_on_arrival(world: World, start: Start) -> None:
    """M20: whose grant ended meanwhile, by another way, has no row."""
    site = start()
    who = visitor(site)
    gone = accept(who, world)
    world.server.kill()
    assert tell(who).status == 202
    refused_meanwhile(world, gone)
    world.server.start()
    await eventually(lambda: spooled(world) == [], seconds=40)
    assert pages(world) == []


async def test_a_withdrawal_at_one_process_stops_what_another_holds(
    world: World, start: Start
) -> None:
    """GDPR 7(3): whichever process reaches the collector first, nothing is stored after it."""
    holding, other = start(), start()
    who = visitor(holding)
    there = visitor(other)
    handle = accept(who, world)
    world.server.kill()
    assert tell(who).status == 202
    spool = world.own / "spool"
    held = spool / ("events" if handle in (spool / "events").read_text() else "events.1")
    # The same browser, at the other process.
    there.jar.update(who.jar)
    refuse(there, world)
    assert [file.stem for file in owed(world)] == [handle]
    got = tell(who, batch="c" * 22)
    assert got.json == {"stored": 0, "dropped": [{"index": 0, "reason": "no-grant"}]}
    other.kill()  # it does not tell; the one that goes on does
    other.wait()
    world.server.start()
    await eventually(lambda: handle not in held.read_text(), seconds=40)
    await eventually(lambda: world.consent_status(handle) == "withdrawn", seconds=40)
    assert pages(world) == []
