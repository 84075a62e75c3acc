"""A placed collector at a site whose collector is elsewhere: matched here, and matched again."""

from __future__ import annotations

import asyncio
import os
import re
import time
from typing import Any

import pytest

from askfirst.gate.relay import FRESH
from askfirst_collector.runtime.open import close_services, open_services
from tests.support.placing import place, save, state, tides
from tests.system.relay.world import Site, World

pytestmark = pytest.mark.anyio
VISIT = {"purpose": "tides/statistics", "type": "page_view", "page": "/tides/ann@mail.example"}


def placed(world: World, to: str | None = None, **changes: Any) -> tuple[str, str]:
    """Put the tides on their pages, or into another state; its write key, the edition's hash."""
    parts = open_services(world.folder, host_policy=None, now=time.time, urandom=os.urandom)
    try:
        parts.registry.publish(world.policy)
        found = tides(world.policy, **changes)
        key = (state(parts, found, to) if to else place(parts, found)).write_key
        site = parts.registry.site("shop")
        assert site is not None
        return key, site.editions.current.hash
    finally:
        close_services(parts)


async def visit(world: World, edition: str, detail: int = 2) -> tuple[Site, str]:
    """A browser on a page of the collector that agreed to it, and the gate's word for the page."""
    site = world.site()
    got = await site.browser.get(VISIT["page"])
    timing = got.one(b"server-timing").decode()
    choices = {"statistics": detail, "tides/statistics": 2}
    await site.answer("save", edition, choices=choices)
    word = re.search(r'desc="tides\.([\w-]{43})"', timing)
    assert word is not None
    return site, word[1]


@pytest.mark.parametrize(("detail", "page"), [(2, ("/tides", "/tides/:id")), (1, ("/tides",))])
async def test_an_event_is_cut_before_it_leaves(
    world: World, detail: int, page: tuple[str, ...]
) -> None:
    """The relay vouches for the page; the collector never sees more of it than agreed to."""
    key, edition = placed(world)
    site, word = await visit(world, edition, detail)
    before = len(world.wire.sent)
    told = (await site.send(VISIT, collector=key, vouch=word)).json
    assert told == {"stored": 1, "dropped": []}
    [row] = [row for row in world.rows() if row.collector]
    assert (row.collector, row.purpose, row.values["page"]) == ("tides", "statistics", page)
    left = bytes(world.wire.sent)[before:]
    assert b"mail.example" not in left
    assert word.encode() not in left
    await site.app.aclose()


async def test_what_is_not_its_own_is_dropped(world: World) -> None:
    """A wrong key, page or purpose, each with its reason, here or there."""
    key, edition = placed(world)
    site, word = await visit(world, edition)
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({}, {"collector": "placed_nobody"}, "unknown-collector"),
        ({}, {"vouch": "x" * 43}, "wrong-page"),
        ({"page": "/tides/else"}, {}, "wrong-page"),
        ({"page": "/about"}, {}, "wrong-page"),
        ({"purpose": "statistics"}, {}, "unknown-purpose"),
        ({"purpose": "winds/statistics"}, {}, "unknown-collector"),
        ({}, {"collector": ""}, "unknown-purpose"),
    ]
    for number, (event, batch, reason) in enumerate(cases):
        name = f"{number:022}"
        sent = {"collector": key, "vouch": word, **batch}
        told = (await site.send({**VISIT, **event}, batch=name, **sent)).json
        assert [each["reason"] for each in told["dropped"]] == [reason], (event, batch)
    assert [row for row in world.rows() if row.collector] == []
    await site.app.aclose()


async def test_a_collector_that_is_gone_stops_before_the_relay_knows(world: World) -> None:
    """The next event is judged as it stands now, whatever the relay still believes."""
    key, edition = placed(world)
    site, word = await visit(world, edition)
    placed(world, "suspended")
    told = (await site.send(VISIT, collector=key, vouch=word)).json
    assert [each["reason"] for each in told["dropped"]] == ["unknown-collector"]
    await site.app.aclose()


async def test_pages_that_a_collector_left_are_matched_again(world: World) -> None:
    """The collector matches the pattern it is told with those that are in force."""
    key, edition = placed(world)
    site, word = await visit(world, edition)
    parts = open_services(world.folder, host_policy=None, now=time.time, urandom=os.urandom)
    elsewhere = tides(world.policy, pages=["/winds/**"])
    save(parts, elsewhere, owner="ann", actor="ann")
    close_services(parts)
    told = (await site.send(VISIT, collector=key, vouch=word)).json
    assert [each["reason"] for each in told["dropped"]] == ["wrong-page"]
    await site.app.aclose()


async def test_the_gate_beside_it_hears_of_it_within_five_seconds(world: World) -> None:
    """M33, M49: placed or suspended elsewhere, it is asked about here, or not, 5 s later."""
    clock = [time.time()]
    site = world.site(now=lambda: clock[0])
    page = VISIT["page"]
    assert not (await site.browser.get(page)).all(b"server-timing")
    for to, shown in ((None, True), ("suspended", False)):
        placed(world, to)
        clock[0] += FRESH
        deadline = time.monotonic() + 20
        while bool((await site.browser.get(page)).all(b"server-timing")) is not shown:
            assert time.monotonic() < deadline, "it never came to hold"
            await asyncio.sleep(0.02)
    await site.app.aclose()
