"""Events of a page's script while the collector is away: on disk, and judged again."""

from __future__ import annotations

import stat
from typing import Any

import pytest

from askfirst.gate.receipt import handle_of
from tests.frameworks.visitor import Got, Visitor
from tests.relay.test_http_collector import VISIT
from tests.relay.test_spill_restart import (
    Start,
    accept,
    pages,
    refuse,
    refused_meanwhile,
    spilled,
    start,
    visitor,
)
from tests.relay.world import World, eventually

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
    file = world.own / "spill"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"CANARY" not in file.read_bytes(), "less precise before it is written"
    assert [entry["k"] for entry in spilled(world)] == ["event"] * 2
    start()
    world.server.start()
    await eventually(lambda: spilled(world) == [], seconds=40)
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
    await eventually(lambda: spilled(world) == [], seconds=40)
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
    held = world.own / ("spill" if handle in (world.own / "spill").read_text() else "spill.1")
    # The same browser, at the other process.
    there.jar.update(who.jar)
    refuse(there, world)
    owing = [each for each in world.own.glob("spill*") if each != held and each.stat().st_size]
    assert any(handle in each.read_text() for each in owing)
    other.kill()  # it does not tell: the collector knows nothing of the withdrawal
    other.wait()
    world.server.start()
    await eventually(lambda: handle not in held.read_text(), seconds=40)
    assert world.standing(handle) == "granted"
    assert pages(world) == []


async def test_without_a_spill_file_the_page_waits(world: World) -> None:
    """Where the owner did not say so, nothing is kept: 503, and the script tries again."""
    site = world.site(patience=30.0)
    await site.browser.get("/")
    await site.accept()
    assert handle_of(site.browser.jar[b"__Host-askfirst-receipt"]) is not None
    world.server.kill()
    assert (await site.send(VISIT)).status == 503
    await site.app.aclose()
