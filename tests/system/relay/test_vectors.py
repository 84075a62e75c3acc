"""Each case of the vectors at `/askfirst/events` of a site whose collector is elsewhere."""

from __future__ import annotations

import pytest

from tests.system.relay.world import World
from tests.unit.contracts.vectors import differs, vectors

pytestmark = pytest.mark.anyio


async def test_a_relay_answers_as_the_vectors_say(world: World) -> None:
    """Status, reason, what is stored and why the rest is not: as everywhere."""
    site = world.site()
    await site.browser.get("/")
    await site.accept()
    for vector in vectors("events"):
        got = await site.browser.post_json("/askfirst/events", vector.data)
        assert differs(vector, got.status, got.json) is None
    await site.app.aclose()
