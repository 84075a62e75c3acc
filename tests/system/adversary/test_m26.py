"""M26: no order, in any file, says who came before whom; and no answer asks for hints."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.whole import FIREFOX, Visitor, view
from tests.system.adversary.watcher import PUBLIC, Watcher
from tests.system.adversary.world import MIDNIGHT, World, site_policy

pytestmark = pytest.mark.anyio

PEOPLE = 12
PAGES = ("/shop/tea", "/shop/cups", "/about", "/blog/first")


async def visited(folder: Path, order: Sequence[int]) -> Path:
    """One day of the same visits within one minute, in this order; closed, its rows kept."""
    world = World(folder, site_policy("full"))
    await world.open()
    people = [Visitor(f"81.2.{64 + number}.69", FIREFOX) for number in range(PEOPLE)]
    for each in people:
        await world.answer(each, {"statistics": 2})
    # Who is first draws the salt: that is no visitor's doing.
    world.collector.parts().salts.batch_key("2026-11-23")
    for place, visit in enumerate(order):
        world.clock.now += 1 if place else 0
        who, page = divmod(visit, len(PAGES))
        await world.send(people[who], view(PAGES[page], screen=[1300, 700 + 100 * (who % 2)]))
    world.clock.now = MIDNIGHT + 600
    world.run_jobs()
    assert await kept(world) == len(order)
    await world.aclose()
    return folder


async def kept(world: World) -> int:
    """How many rows are left."""
    store = world.collector.parts().events
    return sum(1 for key in store.periods() for _ in store.rows(key))


def tables(path: Path, *apart: str) -> list[str]:
    """Everything in a database, in the order in which it lies there."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found = []
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for (name,) in names:
            if name not in apart:
                found += [f"{name} {row}" for row in connection.execute(f'SELECT * FROM "{name}"')]
    return found


async def test_no_order_gives_times_back(tmp_path: Path) -> None:
    """M26: the same visits in another order within a minute leave the same bytes in the same place.

    With `visitor: receipt` and rows kept: rows, their dictionary, closed tables and ledger.
    """
    everything = list(range(PEOPLE * len(PAGES)))
    mixed = everything[::-3] + everything[-2::-3] + everything[-3::-3]
    assert sorted(mixed) == everything
    first = await visited(tmp_path / "a", everything)
    second = await visited(tmp_path / "b", mixed)
    # What a retry is answered is kept under the name of its batch; the batches are others here.
    # What the folder is called is drawn once.
    others = ("answer", "lot", "run", "store")
    assert tables(first / "events.db", *others) == tables(second / "events.db", *others)
    members = ("members", "sessions")
    assert tables(first / "ledger.db", *members) == tables(second / "ledger.db", *members)
    assert any(line.startswith("event ") for line in tables(first / "events.db"))


async def test_no_answer_asks_for_hints(tmp_path: Path) -> None:
    """M26: `Accept-CH` and `Critical-CH` leave no path, even where the application sets them."""
    hints = [(b"Accept-CH", b"Sec-CH-UA-Model"), (b"critical-ch", b"Sec-CH-UA-Model")]
    world = World(tmp_path, site_policy(), page=hints)
    await world.open()
    watcher = Watcher(world)
    await watcher.begin()
    for path in PUBLIC:
        for visitor in (Visitor(), watcher.spy):
            for method in ("GET", "HEAD", "POST"):
                got = await world.ask(visitor, method, path)
                assert not got.all(b"accept-ch") + got.all(b"critical-ch"), path
    for shown in await watcher.look(1):
        assert not {name for name, _ in shown.headers} & {b"accept-ch", b"critical-ch"}
    await world.aclose()
