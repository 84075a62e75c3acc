"""The queue of events: bounded, retried, and never in anybody's way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from askfirst.errors import CollectorUnavailable
from askfirst.remote.outbox import Outbox
from askfirst.spool.events import EventFile
from tests.system.relay.world import eventually
from tests.unit.gate.browser import until
from tests.unit.gate.memory import NOW

pytestmark = pytest.mark.anyio
HANDLE, OTHER = "a" * 64, "b" * 64


@dataclass
class Far:
    """The other end: away for as many attempts as it is told."""

    away: int = 0
    got: list[int] = field(default_factory=list)
    attempts: int = 0
    held: asyncio.Event | None = None

    async def __call__(self, body: Mapping[str, Any]) -> None:
        self.attempts += 1
        if self.held is not None:
            await self.held.wait()
        if self.away:
            self.away -= 1
            raise CollectorUnavailable("away")
        self.got.append(body["n"])


def outbox(far: Far, *, now: list[float] | None = None, **options: Any) -> Outbox:
    clock = now or [NOW]
    return Outbox(far, now=lambda: clock[0], **{"waits": (0.0,), **options})


async def test_everything_arrives_once_and_the_queue_is_empty() -> None:
    """Adding does not wait; a task of its own sends."""
    far = Far()
    box = outbox(far)
    for n in range(50):
        box.add(HANDLE, {"n": n})
    assert far.got == []
    await until(lambda: len(box) == 0)
    assert sorted(far.got) == list(range(50))
    await box.aclose(1)


async def test_an_absent_collector_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    """With pauses that grow, said once, and nothing is lost."""
    far = Far(away=7)
    box = outbox(far, waits=(0.0, 0.001))
    for n in range(5):
        box.add(HANDLE, {"n": n})
    await eventually(lambda: len(box) == 0)
    assert sorted(far.got) == list(range(5))
    assert caplog.text.count("askfirst.W034") == 1
    assert caplog.text.count("askfirst.W035") == 1
    await box.aclose(1)


async def test_a_full_queue_drops_its_oldest(caplog: pytest.LogCaptureFixture) -> None:
    """Bounded memory: said in the log by its kind, never by what was in it."""
    far = Far(held=asyncio.Event())
    box = outbox(far, most=10)
    box.add(HANDLE, {"n": -1})
    await until(lambda: far.attempts == 1)
    for n in range(25):
        box.add(HANDLE, {"n": n})
    assert len(box) == 11
    assert "askfirst.W036" in caplog.text
    assert HANDLE not in caplog.text
    assert far.held is not None
    far.held.set()
    await until(lambda: len(box) == 0)
    assert sorted(far.got) == [-1, *range(15, 25)]
    await box.aclose(1)


async def test_what_is_a_day_old_is_not_sent() -> None:
    """24 hours at most, without a file too."""
    clock = [NOW]
    far = Far(away=1)
    box = outbox(far, now=clock, waits=(0.01,))
    box.add(HANDLE, {"n": 0})
    await until(lambda: far.attempts == 1)
    clock[0] += 86_400
    await eventually(lambda: len(box) == 0)
    assert far.got == []
    await box.aclose(1)


async def test_a_visitor_who_leaves_is_forgotten(tmp_path: Path) -> None:
    """In the queue and in the file."""
    far = Far(away=10**6)
    file = EventFile(tmp_path / "events", now=lambda: NOW)
    box = outbox(far, file=file, waits=(60.0,))
    box.add(HANDLE, {"n": 0})
    box.add(OTHER, {"n": 1})
    await eventually(lambda: len(file) == 2)
    await box.forget(HANDLE)
    assert HANDLE not in (tmp_path / "events").read_text()
    far.away = 0
    await box.aclose(5)
    assert far.got == [1]
    assert len(file) == 0
    file.close()


async def test_the_end_leaves_in_the_file_what_was_not_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Flushed at shutdown; without a file the log says what is lost."""
    file = EventFile(tmp_path / "events", now=lambda: NOW)
    box = outbox(Far(away=10**6), file=file, waits=(60.0,))
    box.add(HANDLE, {"n": 0})
    await box.aclose(0.05)
    assert [what for _, what in _left(file, tmp_path)] == [{"n": 0}]
    assert "askfirst.W033" not in caplog.text
    bare = outbox(Far(away=10**6), waits=(60.0,))
    bare.add(HANDLE, {"n": 0})
    await bare.aclose(0.05)
    assert "askfirst.W033" in caplog.text


async def test_what_is_being_written_at_the_end_is_written_once(tmp_path: Path) -> None:
    """Whoever writes is cancelled in the middle of it: the thread goes on, and is waited for."""
    begun, released = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    class Slow(EventFile):
        def add(
            self, handle: str, what: Mapping[str, Any], *, promised: bool = False
        ) -> str | None:
            loop.call_soon_threadsafe(begun.set)
            assert released.wait(60)
            return super().add(handle, what, promised=promised)

    file = Slow(tmp_path / "events", now=lambda: NOW)
    box = outbox(Far(away=10**6), file=file, waits=(60.0,))
    box.add(HANDLE, {"n": 0})
    await begun.wait()
    (caller,) = box._callers
    end = asyncio.create_task(box.aclose(0))
    await until(lambda: caller.cancelling() > 0)
    released.set()
    await end
    assert [what for _, what in _left(file, tmp_path)] == [{"n": 0}]


def _left(file: EventFile, folder: Path) -> list[Any]:
    file.close()
    again = EventFile(folder / "events", now=lambda: NOW)
    try:
        return again.adopt()
    finally:
        again.close()


async def test_what_is_promised_is_on_disk_or_refused(tmp_path: Path) -> None:
    """M50: 202 only after it is in the file, else 503; and nothing pushes it out."""
    far = Far(away=1_000)
    assert not await outbox(far).keep(HANDLE, {"n": 0}), "no file"
    file = EventFile(tmp_path / "events", now=lambda: NOW, largest=700)
    box = outbox(far, file=file, waits=(60.0,), most=3)
    assert await box.keep(HANDLE, {"n": 1})
    assert await box.keep(HANDLE, {"n": 2})
    assert (tmp_path / "events").read_text().count('"promised":true') == 2
    assert not await box.keep(HANDLE, {"n": 3, "x": "x" * 600}), "no room in the file"
    assert await box.keep(HANDLE, {"n": 4})
    assert not await box.keep(HANDLE, {"n": 5}), "the queue is full"
    box.add(OTHER, {"n": 6})
    assert len(box) <= 4
    await box.aclose(0.1)
    text = (tmp_path / "events").read_text()
    assert all(f'"n":{n}' in text for n in (1, 2, 4))
    assert '"n":3' not in text
    file.close()


async def test_who_withdraws_while_it_is_written_is_not_kept(tmp_path: Path) -> None:
    """GDPR 7(3): the grant ends between the page's event and the disk."""
    file = EventFile(tmp_path / "events", now=lambda: NOW)
    box = outbox(Far(away=1_000), file=file, waits=(60.0,))
    kept = asyncio.create_task(box.keep(HANDLE, {"n": 1}))
    await asyncio.sleep(0)
    await box.forget(HANDLE)
    assert not await kept
    assert len(box) == 0
    await box.aclose(0.1)
    assert not (tmp_path / "events").read_bytes()
    file.close()


async def test_pauses_grow_by_rounds_however_many_ask() -> None:
    """Three that were on their way when the collector went away are one attempt."""
    is_back, under_way = asyncio.Event(), 0
    arrived: list[int] = []

    async def deliver(body: Mapping[str, Any]) -> None:
        nonlocal under_way
        if not is_back.is_set():
            under_way += 1
            await is_back.wait()
            raise CollectorUnavailable("away")
        arrived.append(body["n"])

    box = Outbox(deliver, now=lambda: NOW, waits=(0.01, 60.0))
    for n in range(5):
        box.add(HANDLE, {"n": n})
    await until(lambda: under_way == 3)
    is_back.set()
    await eventually(lambda: len(box) == 0)
    assert sorted(arrived) == list(range(5))
    await box.aclose(1)


class Paused(EventFile):
    """A file that says which events it has, and is heard of it only when told to go on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, now=lambda: NOW)
        self.told, self.go_on = threading.Event(), threading.Event()

    def expire(self) -> frozenset[str]:
        """The keys of before the pause."""
        stored = super().expire()
        self.told.set()
        assert self.go_on.wait(30)
        return stored


async def test_what_comes_while_others_are_put_away_is_sent(tmp_path: Path) -> None:
    """It was promised after the file had said what it holds: no reason to let go of it."""
    file = Paused(tmp_path / "events")
    far = Far(away=1)
    box = outbox(far, file=file)
    box.add(HANDLE, {"n": 1})
    await eventually(file.told.is_set)
    assert await box.keep(HANDLE, {"n": 2})
    file.go_on.set()
    await eventually(lambda: len(box) == 0)
    assert sorted(far.got) == [1, 2]
    assert (tmp_path / "events").read_bytes() == b""
    await box.aclose(1)


async def test_who_goes_away_meanwhile_leaves_nothing_behind(tmp_path: Path) -> None:
    """A caller that is cancelled while its batch is written: it is sent, as it is on disk."""
    far = Far()
    file = EventFile(tmp_path / "events", now=lambda: NOW)
    box = outbox(far, file=file)
    asked = asyncio.create_task(box.keep(HANDLE, {"n": 1}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await eventually(lambda: far.got == [1] and len(file) == 0)
    await box.aclose(1)
