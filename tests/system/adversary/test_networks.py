"""M27: who invents visitors has few networks, and brings no line to light with one of them."""

from __future__ import annotations

import os
from fractions import Fraction
from ipaddress import ip_address
from pathlib import Path

import pytest

from askfirst.observe.network_sizes import SIZED, NetworkSizes
from askfirst_collector.closing.rule import MARGIN
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
