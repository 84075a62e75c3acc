"""Whether the ledger changed, and whether it is still the file that was opened."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from askfirst.errors import CollectorUnavailable
from askfirst_collector.store.database import open_ledger
from askfirst_collector.store.lease import take
from askfirst_collector.store.watch import Watch
from tests.support.collectors import Clock


def test_the_version_moves_when_somebody_commits(tmp_path: Path) -> None:
    """What every cache of the registry hangs on."""
    engine = open_ledger(tmp_path / "ledger.db")
    watch = Watch(engine, tmp_path / "ledger.db")
    before = watch.version()
    assert watch.version() == before
    take(engine, "a", 1.0)
    assert watch.version() != before
    watch.close()
    engine.dispose()


def test_a_file_that_is_gone_is_noticed_within_a_second(tmp_path: Path) -> None:
    """SQLite goes on answering from it; whoever asks here is told that it is away."""
    path, clock = tmp_path / "ledger.db", Clock()
    engine = open_ledger(path)
    watch = Watch(engine, path, clock=clock)
    path.rename(tmp_path / "away.db")
    clock.now += 1
    for _ in range(2):
        with pytest.raises(CollectorUnavailable):
            watch.version()
    (tmp_path / "away.db").rename(path)
    watch.version()
    watch.close()
    engine.dispose()


def test_what_arrives_after_a_commit_hears_of_it(tmp_path: Path) -> None:
    """M50: a turn of an event loop looks once; what is heard of later, or elsewhere, looks anew."""
    engine = open_ledger(tmp_path / "ledger.db")
    watch = Watch(engine, tmp_path / "ledger.db")

    async def serve() -> None:
        before = watch.heard()
        take(engine, "a", 1.0)
        assert watch.heard() == before
        heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # As a request that arrives from now on.
        asyncio.get_running_loop().call_soon(lambda: heard.set_result(watch.heard()))
        assert await heard == watch.version() != before
        assert await asyncio.to_thread(watch.heard) == watch.version()

    for _ in range(2):
        asyncio.run(serve())
        # Another loop of the same thread remembers nothing of one that has ended.
        take(engine, "b", 100.0)
        assert watch.heard() == watch.version()
    watch.close()
    engine.dispose()
