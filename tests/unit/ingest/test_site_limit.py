"""A site's rows a day are what its host lets it store, over workers and restarts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst.contracts.drops import Drop
from askfirst.errors import Refused
from askfirst_collector.catalogue.site_limits import MOST_ROWS_A_DAY
from askfirst_collector.ingest.daily_limit import FEWEST, SPARE
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.sites import limit_site
from tests.unit.ingest.world import VISIT, World

LIMIT = 20


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.close()


def send(world: World, events: int) -> tuple[int, list[str]]:
    """How many a new visitor's batch stored, and why the others were not."""
    answer = world.post(world.body(*[VISIT] * events), handle=world.grant())
    assert answer.status == 202
    return answer.body["stored"], answer.reasons


def rows_of(world: World, type: str) -> list[str]:
    """What is stored of a type: why, for drops."""
    return [
        row.values.get("action", ("",))[0]
        for key in world.parts.events.periods()
        for row in world.parts.events.rows(key)
        if row.type == type
    ]


def test_what_comes_beyond_is_dropped_and_counted(world: World) -> None:
    """One site does not fill the disk of all; and it is seen that it is full."""
    site = world.policy.site
    limit_site(world.parts, ON_THE_MACHINE, site, LIMIT)
    assert send(world, LIMIT - 5) == (LIMIT - 5, [])
    assert send(world, 8) == (5, [Drop.SITE_FULL] * 3)
    for _ in range(10):
        assert send(world, 4) == (0, [Drop.SITE_FULL] * 4)
    assert len(rows_of(world, "page_view")) == LIMIT
    drops = rows_of(world, "drop")
    assert set(drops) == {Drop.SITE_FULL}
    assert 1 <= len(drops) <= LIMIT // SPARE + 1


def test_a_new_day_and_a_new_limit_begin_anew(world: World) -> None:
    site = world.policy.site
    limit_site(world.parts, ON_THE_MACHINE, site, LIMIT)
    assert send(world, LIMIT + 1)[0] == LIMIT
    limit_site(world.parts, ON_THE_MACHINE, site, LIMIT * 2)
    # What counted the drop took a place too.
    assert send(world, LIMIT * 2)[0] == LIMIT - 1
    world.now += 86_400
    assert send(world, 3) == (3, [])


def test_a_restart_forgets_nothing(world: World) -> None:
    """Counted in the store: a worker that begins finds the day as full as it is."""
    limit_site(world.parts, ON_THE_MACHINE, world.policy.site, LIMIT)
    assert send(world, LIMIT) == (LIMIT, [])
    again = World(world.folder)
    try:
        assert send(again, 3) == (0, [Drop.SITE_FULL] * 3)
    finally:
        again.close()


def test_workers_count_together_nearly(world: World) -> None:
    """Beyond the limit by no more than what each of them stores between two looks."""
    limit = FEWEST * 3
    limit_site(world.parts, ON_THE_MACHINE, world.policy.site, limit)
    workers = [world, World(world.folder)]
    try:
        for _ in range(limit // 20):
            for worker in workers:
                send(worker, 50)
    finally:
        workers[1].close()
    assert limit <= len(rows_of(world, "page_view")) <= limit + FEWEST * len(workers)


def test_a_retry_takes_no_second_place(world: World) -> None:
    limit_site(world.parts, ON_THE_MACHINE, world.policy.site, LIMIT)
    handle, body = world.grant(), world.body(*[VISIT] * 10)
    for _ in range(5):
        assert world.post(body, handle=handle).body["stored"] == 10
    assert send(world, 10) == (10, [])


def test_the_default_is_generous_and_a_limit_is_a_number(world: World) -> None:
    site = world.parts.registry.site(world.policy.site)
    assert site is not None
    assert site.rows_a_day == MOST_ROWS_A_DAY
    for number in (0, -1, 10**13):
        with pytest.raises(Refused, match="rows_a_day"):
            limit_site(world.parts, ON_THE_MACHINE, world.policy.site, number)
    with pytest.raises(Refused, match="no-such-site"):
        limit_site(world.parts, ON_THE_MACHINE, "nowhere", 5)
