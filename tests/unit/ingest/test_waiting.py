"""What is kept of a request while its rows wait to be written."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from askfirst.client import Caller
from askfirst.contracts.events import Event, EventBatch
from askfirst.observe.event import Observer, Raw
from askfirst_collector.ingest.read_rows import Reading, Sender
from askfirst_collector.store.events import Batch
from tests.unit.ingest.world import SAME_ORIGIN, VISIT, World

JUDGED_BY = (Event, EventBatch, Observer, Raw, Reading, Sender)


@pytest.fixture
def others() -> Iterator[None]:
    """Leaves out what there was before: of a whole run that is much, and none of it is meant."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("others")
def test_only_rows_wait_to_be_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a request was judged by is there any more, and it is judged anew from nothing.

    Python's garbage collector goes through all that waits, again and again.
    """
    handle = world.grant()
    caller = {"askfirst.caller": Caller("example", handle, False, False)}
    events = world.parts.events
    append = events.append
    kept: list[object] = []
    tries = 0

    async def watched(batch: Batch) -> bytes:
        nonlocal tries
        tries += 1
        kept.extend(each for each in gc.get_objects() if isinstance(each, JUDGED_BY))
        if tries == 1:
            # Another entry of the handle: the ledger has moved.
            await asyncio.to_thread(world.decide, handle, "save", {"statistics": 1})
        return await append(batch)

    monkeypatch.setattr(events, "append", watched)
    answer = asyncio.run(world.ask(world.body(VISIT), SAME_ORIGIN, caller))
    assert tries == 2
    assert kept == []
    assert answer.body == {"stored": 1, "dropped": []}
    assert len(world.rows()) == 1
