"""M27: who invents visitors has few networks, and brings no line to light with one of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from fractions import Fraction
from ipaddress import ip_address
from pathlib import Path

import pytest

from askfirst.observe.network_sizes import SIZED, NetworkSizes
from askfirst_collector.closing.rule import MARGIN
from askfirst_collector.reports.ranges import report
from askfirst_collector.store.disclosed_ranges import Range
from tests.support.whole import Visitor, view
from tests.system.adversary.watcher import Watcher
from tests.system.adversary.world import MIDNIGHT, MORNING, SIZE, World, site_policy

pytestmark = pytest.mark.anyio
TARGET = "/only/here"


async def _shown(folder: Path, networks: int, each: int, *, came: bool) -> bool:
    """Whether anything that anybody may ask for has the page, at any look of a day and after it."""
    world = World(folder, site_policy())
    await world.open()
    watcher = Watcher(world)
    await watcher.begin()
    invented = [f"81.{2 + number}.69.{host}" for number in range(networks) for host in range(each)]
    for address in [*invented, *(["175.16.199.1"] if came else [])]:
        visitor = Visitor(address)
        await world.answer(visitor, {"statistics": 2})
        await world.send(visitor, view(TARGET))
    looks = []
    for now in (MORNING + 4 * 3600, MIDNIGHT + 600):
        world.clock.now = now
        world.run_jobs()
        looks += await watcher.look(1)
    await world.aclose()
    return any(TARGET.encode() in look.body for look in looks)


async def test_one_network_never_shows_a_line_that_one_visitor_is_in(tmp_path: Path) -> None:
    """Forty invented visitors of one network, and one who is known of: not at any look.

    Not by chance either: three and one are fewer than the size, which no draw makes up for.
    """
    assert SIZED + 1 < SIZE
    assert not await _shown(tmp_path / "one", 1, 40, came=True)


async def test_of_two_networks_chance_decides_and_of_many_nothing_hides(tmp_path: Path) -> None:
    """Without chance seven are too few; of fifty networks a line is shown, with its draw."""
    assert 2 * SIZED + 1 < SIZE + MARGIN
    assert not await _shown(tmp_path / "two", 2, 20, came=True)
    assert await _shown(tmp_path / "fifty", 50, 1, came=True)
    assert await _shown(tmp_path / "without", 50, 1, came=False)


async def _answered(folder: Path, *addresses: str) -> dict[str, int]:
    """How many agreed and withdrew, as anybody sees it once the day is over."""
    world = World(folder, site_policy())
    await world.open()
    for number, address in enumerate(addresses):
        visitor = Visitor(address)
        await world.answer(visitor, {"statistics": 2})
        if number < 30:
            await world.answer(visitor, {}, method="withdraw")
    world.clock.now = MIDNIGHT + 600
    world.run_jobs()
    day = datetime.fromtimestamp(MORNING, UTC).date()
    wanted = Range(world.policy.site, "statistics", day, day)
    rows = report(world.collector.parts(), wanted, "consent").rows
    await world.aclose()
    return {row.path[0]: row.visitors for row in rows if len(row.path) == 1}


async def test_nor_do_its_answers_make_a_line(tmp_path: Path) -> None:
    """Forty who agreed in one network, thirty who withdrew there, and one more: no line."""
    crowd = [f"81.2.69.{host}" for host in range(40)]
    assert await _answered(tmp_path / "one", *crowd, "175.16.199.1") == {}
    others = [f"81.{number}.69.1" for number in range(3, 43)]
    shown = await _answered(tmp_path / "many", *others)
    assert shown.keys() == {"granted", "withdrawn"}


@pytest.mark.parametrize(("processes", "most", "sized"), [(1, 3, 3), (2, 3, 6), (3, 1, 3)])
def test_each_process_counts_its_own(processes: int, most: int, sized: int) -> None:
    """What the page on trust says of several processes, and of `--sized 1`."""
    workers = [NetworkSizes(urandom=os.urandom, most=most) for _ in range(processes)]
    address = ip_address("81.2.69.142")
    counted = {
        number
        for number in range(40)
        if workers[number % processes].is_sized("shop", "2026-11-16", number, address)
    }
    assert len(counted) == sized
    assert (len(counted) + 1 < SIZE) is (sized == SIZED)


def _reaches(missing: int) -> Fraction:
    """The chance that a draw with P(e) = 1/2 · 3^-|e| is at least `missing`, which is above 0."""
    return Fraction(3, 4) / 3**missing


def test_what_a_look_tells_of_one_visitor_among_two_networks() -> None:
    """The figures on the page on trust: one in twelve without, one in four with the visitor."""
    without, with_one = (_reaches(SIZE + MARGIN - 2 * SIZED - one) for one in (0, 1))
    assert (without, with_one) == (Fraction(1, 12), Fraction(1, 4))
    assert with_one / without == 3
    assert (1 - without) / (1 - with_one) < 3
