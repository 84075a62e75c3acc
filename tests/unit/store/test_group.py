"""The writing thread: rounds of whoever waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from askfirst_collector.store.group import Full, Group


class Rounds:
    """Work that notes who was in which round."""

    def __init__(self) -> None:
        self.seen: list[list[int]] = []
        self.group: Group[int, int] = Group(self._work)

    def _work(self, jobs: Sequence[int]) -> list[int]:
        self.seen.append(list(jobs))
        return [job * 10 for job in jobs]


@pytest.fixture
def rounds() -> Iterator[Rounds]:
    found = Rounds()
    yield found
    found.group.close()


def test_one_turn_of_the_loop_is_one_round(rounds: Rounds) -> None:
    """Whoever a loop hears in one turn is written by one commit, and answered its own answer."""

    rounds.group.ask_now(0)
    while not rounds.group._sleeps:
        time.sleep(0)

    async def everyone() -> list[int]:
        return await asyncio.gather(*map(rounds.group.ask, range(1, 33)))

    assert asyncio.run(everyone()) == [job * 10 for job in range(1, 33)]
    assert rounds.seen == [[0], list(range(1, 33))]


def test_a_turn_wakes_the_thread_once(rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many it hears: each look at the lock is one more that the thread may hold."""
    rounds.group.ask_now(0)
    while not rounds.group._sleeps:
        time.sleep(0)
    roused: list[None] = []
    rouse = rounds.group._rouse
    monkeypatch.setattr(rounds.group, "_rouse", lambda: (roused.append(None), rouse()))

    async def everyone() -> list[int]:
        return await asyncio.gather(*map(rounds.group.ask, range(1, 33)))

    assert asyncio.run(everyone()) == [job * 10 for job in range(1, 33)]
    assert len(roused) == 1


def test_loops_and_threads_that_wake_it_at_once_are_all_answered(rounds: Rounds) -> None:
    """None relies on another's call: that one may never come."""

    async def some(first: int) -> list[int]:
        answers: list[int] = []
        for job in range(first, first + 300, 3):
            answers += await asyncio.gather(*map(rounds.group.ask, range(job, job + 3)))
        return answers

    with ThreadPoolExecutor(3) as threads:
        loops = [threads.submit(asyncio.run, some(first)) for first in (0, 1_000)]
        thread = threads.submit(lambda: [rounds.group.ask_now(job) for job in range(2_000, 2_300)])
        answers = [done.result(timeout=30) for done in (*loops, thread)]
    expected = [range(first, first + 300) for first in (0, 1_000, 2_000)]
    assert answers == [[job * 10 for job in jobs] for jobs in expected]


def test_a_loop_that_stopped_keeps_nobody_waiting(rounds: Rounds) -> None:
    """A job whose loop ended before it woke the thread is done with the next one's."""
    rounds.group.ask_now(1)

    loop = asyncio.new_event_loop()

    def put() -> None:
        rounds.group.ask(2)
        loop.stop()

    loop.call_soon(put)
    loop.run_forever()
    loop.close()
    assert rounds.group.ask_now(3) == 30
    assert sorted(job for seen in rounds.seen for job in seen) == [1, 2, 3]


def test_closing_does_what_waits_and_takes_no_more(rounds: Rounds) -> None:
    """What was put before the end is done; what comes later is refused."""

    async def last() -> int:
        asked = rounds.group.ask(1)
        await asyncio.sleep(0)
        rounds.group.close()
        return await asked

    assert asyncio.run(last()) == 10
    with pytest.raises(Full):
        rounds.group.ask_now(2)
