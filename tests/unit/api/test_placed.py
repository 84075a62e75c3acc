"""`/v1/admin/sites/*/collectors/*`: what a hostile owner of one tries by programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.catalogue.placed import PlacedCollector
from askfirst_collector.usecases.placed_collectors import set_collector_state
from tests.support.collectors import policy
from tests.support.people import admin
from tests.support.placing import save, tides
from tests.system.isolation.world import CLUB, World, world

pytestmark = pytest.mark.anyio
SITE = policy(site=CLUB, origins=[f"https://{CLUB}.example"])
TIDES = f"/v1/admin/sites/{CLUB}/collectors/tides"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    """The tides stand on carl's club, and are olive's, who has another site."""
    with world(tmp_path) as made:
        save(made.parts, tides(SITE), owner="olive", actor="cli")
        set_collector_state(made.parts, admin(made.parts, "cli"), CLUB, "tides", "active")
        yield made


def kept(here: World) -> PlacedCollector:
    found = here.parts.placed_collectors.get(CLUB, "tides")
    assert found is not None
    return found


async def put(here: World, name: str, state: str, **more: Any) -> int:
    """Ask for a state; the status of the answer."""
    async with here.program(name) as client:
        answer = await client.post(f"{TIDES}/state", json={"state": state, **more})
    return answer.status_code


async def test_what_the_site_stopped_its_owner_cannot_start_again(here: World) -> None:
    """The site's owner suspends a collector on its pages; by a program it stays so."""
    assert await put(here, "carl", "suspended") == 200
    assert await put(here, "olive", "active") == 403
    assert kept(here).state == "suspended"
    assert await put(here, "ada", "active") == 200


async def test_the_site_stops_what_its_owner_had_stopped_before(here: World) -> None:
    """A suspension is not waited out by suspending oneself first, nor talked away."""
    assert await put(here, "olive", "suspended") == 200
    assert await put(here, "carl", "suspended") == 200
    assert await put(here, "olive", "suspended") == 200
    assert kept(here).by == "carl"
    assert await put(here, "olive", "active") == 403


async def test_a_new_name_that_was_taken_meanwhile_is_nobody_elses(here: World) -> None:
    """Two who save at once: the second is told, and does not become the owner of the first's."""
    body = {"document": dict(tides(SITE, collector="winds").document), "clamp": False}
    get = here.parts.placed_collectors.get

    def meanwhile(site: str, name: str) -> PlacedCollector | None:
        found = get(site, name)
        if found is None:
            save(here.parts, tides(SITE, collector="winds"), owner="olive", actor="cli")
        return found

    here.parts.placed_collectors.get = meanwhile  # type: ignore[method-assign]
    async with here.program("carl") as client:
        answer = await client.put(f"/v1/admin/sites/{CLUB}/collectors/winds", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (409, "changed-meanwhile")
    winds = get(CLUB, "winds")
    assert winds is not None
    assert winds.owner == "olive"
