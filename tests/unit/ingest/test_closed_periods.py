"""Events that come for a period that takes none any more: dropped with that reason, never lost."""

from __future__ import annotations

import asyncio
import copy
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.closing.close import close_due
from askfirst_collector.ingest.daily_limit import DailyLimit
from askfirst_collector.store.events import Batch
from tests.support.policies import every_purpose
from tests.unit.store.rows import kept_answers

from .world import NOW, VISIT, World

DAY = 86_400  # seconds
MARKETING = {**VISIT, "purpose": "marketing"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path / "data", monthly_marketing())) as opened:
        yield opened


def monthly_marketing() -> Policy:
    """Statistics close by the day, marketing by the month."""
    document = copy.deepcopy(dict(every_purpose("full").document))
    document["purposes"]["marketing"]["closes"] = "month"
    return read_policy(document)


def test_what_comes_for_a_closed_period_is_never_answered_as_stored(world: World) -> None:
    """M50: a clock that was ahead closed today: typed drops, no row, and a retry hears the same."""
    handle = world.grant()
    close_due(world.parts, NOW + DAY)
    body = world.body(VISIT, {**VISIT, "purpose": "none"})
    first = world.post(body, handle=handle)
    assert first.status == 202
    assert first.body == {
        "stored": 0,
        "dropped": [
            {"index": 0, "reason": "period-closed"},
            {"index": 1, "reason": "unknown-purpose"},
        ],
    }
    assert world.rows() == []
    world.now = NOW + DAY
    assert world.post(body, handle=handle).body == first.body
    assert world.rows() == []
    assert world.post(world.body(), handle=handle).body["stored"] == 1


def test_a_period_that_closes_between_judging_and_writing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: about midnight an event is dropped; one of the same batch whose month is open is not."""
    handle = world.grant(statistics=2, marketing=2)
    append, closes = world.parts.events.append, []

    async def late(batch: Batch) -> bytes:
        if not closes:
            closes.append(await asyncio.to_thread(close_due, world.parts, NOW + DAY))
        return await append(batch)

    monkeypatch.setattr(world.parts.events, "append", late)
    body = world.body(VISIT, MARKETING, VISIT)
    first = world.post(body, handle=handle)
    assert closes
    dropped = [{"index": index, "reason": "period-closed"} for index in (0, 2)]
    assert first.body == {"stored": 1, "dropped": dropped}
    assert [row.purpose for row in world.rows()] == ["marketing"]
    assert world.post(body, handle=handle).body == first.body
    assert len(world.rows()) == 1


def test_what_counts_drops_is_left_out_of_a_closed_period(world: World) -> None:
    """The reason of such a drop stays what it was; nothing is counted, and nothing fails."""
    handle = world.grant()
    close_due(world.parts, NOW + DAY)
    answer = world.post(world.body(), handle=handle, agent="Googlebot/2.1")
    assert answer.reasons == ["bot"]
    assert world.rows(drops=True) == []


def test_closed_periods_fill_no_disk(world: World) -> None:
    """Answers that are kept for retries, of drops alone, count for the daily limit."""
    world.events._intake._daily = DailyLimit(most=5)
    handle = world.grant()
    close_due(world.parts, NOW + DAY)
    for _ in range(5):
        assert world.post(world.body(), handle=handle).reasons == ["period-closed"]
    assert world.post(world.body(), handle=handle).reasons == ["over-daily-limit"]
    world.parts.events.drain()
    with closing(sqlite3.connect(world.folder / "events.db")) as file:
        assert len(kept_answers(file)) == 5
