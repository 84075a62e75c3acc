"""M25, M27: a hostile owner of placed collectors, in every field, name, key, word and path."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest

from askfirst.terms.placed import Placed
from askfirst_collector.store.disclosed import closing
from tests.support.placing import place, tides
from tests.support.whole import Visitor, view
from tests.system.adversary.test_m25 import VISITORS, Marked, host_policy, hostile, left
from tests.system.adversary.watcher import Watcher
from tests.system.adversary.world import MIDNIGHT, SIZE, World, site_policy
from tests.unit.gate.browser import Got

pytestmark = pytest.mark.anyio

PURPOSE = "tides/statistics"


def everything(world: World, **changes: Any) -> Placed:
    """A collector that asks for all that its site does, on every page below /u."""
    above = world.policy.document["purposes"]["statistics"]
    return tides(world.policy, pages=["/u/**"], statistics=above, **changes)


class PlacedWorld(World):
    """The site with collectors on its pages; answers are to the edition that asks for them."""

    async def begin(self, *collectors: Placed) -> dict[str, str]:
        """Place them before the gate learns what is asked; their write keys, by name."""
        await self.collector.editions(self.policy)
        parts = self.collector.parts()
        keys = {each.name: place(parts, each).write_key for each in collectors}
        await self.open()
        return keys

    async def answer(
        self, visitor: Visitor, choices: Any, method: str = "save", **more: Any
    ) -> Got:
        site = self.collector.parts().registry.site("shop")
        assert site is not None
        more.setdefault("edition", site.editions.current.hash)
        return await super().answer(visitor, choices, method, **more)


async def word(world: World, visitor: Visitor, page: str, collector: str = "tides") -> str:
    """What the gate says of a page, as the page's script reads it."""
    got = await world.ask(visitor, "GET", page)
    found = re.search(rf'"{collector}\.([\w-]{{43}})"', got.one(b"server-timing").decode())
    assert found is not None
    return found[1]


async def send(
    world: World, visitor: Visitor, key: str, page: str, *events: Any, **more: Any
) -> Any:
    """Events of the collector, all of one page."""
    vouch = await word(world, visitor, page)
    named = [{**event, "purpose": PURPOSE} for event in events]
    return await world.send(visitor, *named, **{"collector": key, "vouch": vouch, **more})


@pytest.mark.parametrize("keep", [0, 30])
async def test_nothing_of_it_is_left(
    tmp_path: Path, keep: int, caplog: pytest.LogCaptureFixture
) -> None:
    """M25: 64 bits of each visitor, in fields, listed values, pages, batches, keys and words.

    None is in closed periods, kept rows, logs, pages or exports; and before closing the listed
    ones are in the rows, so that the search would find them.
    """
    caplog.set_level(logging.DEBUG)
    host = None if keep else host_policy(tmp_path)
    world = PlacedWorld(tmp_path / "data", hostile(keep), host_policy=host)
    key = (await world.begin(everything(world)))["tides"]
    everybody = [Marked(number) for number in range(VISITORS)]
    for each in everybody:
        await world.answer(each.browser, {"statistics": 2, PURPOSE: 2})
        batch = f"{each.hex}BBBBBB"[:22]
        visits, actions = each.events()
        page = f"/u/{each.letters}"
        told = {**visits[1], "page": f"{page}?{each.query}"}
        got = await send(world, each.browser, key, page, told, batch=batch)
        assert got == {"stored": 1, "dropped": []}
        here = [{**action, "page": page} for action in actions]
        assert (await send(world, each.browser, key, page, *here))["stored"] == len(here)
        for more in ({"collector": each.hex}, {"vouch": each.text}, {"vouch": each.hex * 2}):
            got = await send(world, each.browser, key, page, told, **more)
            assert got["stored"] == 0
    found = left(world.folder)
    assert all(each.letters.encode() in found for each in everybody)
    assert all(" ".join(each.cookies).encode() in found for each in everybody)

    world.clock.now = MIDNIGHT + 600
    assert "close" in world.run_jobs()
    watcher = Watcher(world)
    await watcher.begin()
    shown = b"".join(each.body for each in await watcher.look(1))
    for where in (shown, caplog.text.encode(), left(world.folder)):
        for each in everybody:
            assert [form for form in each.forms if form in where] == []
    await world.aclose()
    assert not any(form in left(world.folder) for each in everybody for form in each.forms)
    assert b"wrong-page" in shown
    assert b"/u" in shown


async def test_a_collector_for_each_visitor_tells_nothing(tmp_path: Path) -> None:
    """M27: names that say whom they are for close alike, whether that one came or nobody did."""
    world = PlacedWorld(tmp_path / "data", site_policy())
    marked = [Marked(number) for number in range(SIZE - 1)]
    keys = await world.begin(*(everything(world, collector=f"x{each.hex}") for each in marked))
    for each in marked[::2]:
        purpose = f"x{each.hex}/statistics"
        await world.answer(each.browser, {"statistics": 2, purpose: 2})
        vouch = await word(world, each.browser, "/u/1", f"x{each.hex}")
        event = {**view("/u/1"), "purpose": purpose}
        sent = {"collector": keys[f"x{each.hex}"], "vouch": vouch}
        assert (await world.send(each.browser, event, **sent))["stored"] == 1
    world.clock.now = MIDNIGHT + 600
    world.run_jobs()
    with world.collector.parts().engine.connect() as connection:
        rows = [row._asdict() for row in connection.execute(closing.select())]
    own = [row for row in rows if row["collector"]]
    assert len(own) == len(marked)
    alike = {tuple(v for k, v in row.items() if k not in ("id", "collector")) for row in own}
    assert len(alike) == 1
    watcher = Watcher(world)
    await watcher.begin()
    shown = await watcher.look(1)
    exports: dict[str, set[bytes]] = {}
    for answer in shown:
        mark = next((each.hex for each in marked if each.hex in answer.what), "")
        if mark and (".csv" in answer.what or ".json" in answer.what):
            what = answer.what.replace(mark, "")
            exports.setdefault(what, set()).add(answer.body.replace(mark.encode(), b""))
    assert exports
    assert all(len(found) == 1 for found in exports.values())
    await world.aclose()
