"""Guessing gets slow for an account in every worker together, and tells nobody who exists."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from askfirst_collector.dashboard.auth.throttle import Throttle, Turn
from askfirst_collector.members import login_attempts as module
from askfirst_collector.members.login_attempts import (
    FORGET_AFTER,
    FREE_TRIES,
    LONGEST_LINE,
    LONGEST_WAIT,
    TURN,
    Tries,
    sign_in_try,
    wait_after,
)
from askfirst_collector.services import Services
from tests.support.collectors import Clock, bytes_of, opened

KEY = b"k" * 32


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with opened(tmp_path, clock) as found:
        yield found


@pytest.fixture
def tries(parts: Services, clock: Clock) -> Tries:
    return Tries(parts.engine, key=KEY, now=clock)


def test_tries_are_free_then_wait_longer_and_longer(tries: Tries, clock: Clock) -> None:
    waits = []
    for _ in range(FREE_TRIES + 12):
        assert tries.admit("ada") == 0
        again = tries.admit("ada") if _ >= FREE_TRIES - 1 else 0.0
        waits.append(again)
        clock.now += again + 1
    assert waits[: FREE_TRIES - 1] == [0] * (FREE_TRIES - 1)
    assert sorted(waits) == waits
    assert 0 < waits[FREE_TRIES] < waits[-1] <= LONGEST_WAIT


def test_the_right_password_starts_anew_and_so_does_time(tries: Tries, clock: Clock) -> None:
    for _ in range(FREE_TRIES):
        tries.admit("ada")
    assert tries.admit("ADA") > 0
    assert tries.admit("bob") == 0
    tries.succeeded("ada")
    assert tries.admit("ada") == 0
    for _ in range(FREE_TRIES):
        tries.admit("carl")
    clock.now += FORGET_AFTER + 1
    assert tries.admit("carl") == 0


def test_a_clock_that_is_set_back_locks_nobody_out(tries: Tries, clock: Clock) -> None:
    for _ in range(FREE_TRIES):
        tries.admit("ada")
    clock.now -= 10 * 365 * 86_400
    assert tries.admit("ada") <= LONGEST_WAIT
    assert wait_after(10_000, clock.now, clock.now) == LONGEST_WAIT


def test_an_unknown_name_is_counted_like_a_member(
    tries: Tries, parts: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a keyed hash of it is on disk, and no more than a bounded number of them."""
    monkeypatch.setattr(module, "LARGEST_COUNT", 3)
    for at in range(8):
        assert tries.admit(f"canary-{at}") == 0
    with parts.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(sign_in_try)).scalar_one() == 3
    assert b"canary" not in bytes_of(tmp_path)


def test_an_account_that_is_guessed_at_has_a_line_that_moves_on(tries: Tries, clock: Clock) -> None:
    """The first come at once, then one a second, until the line is too long."""
    clock.now = float(int(clock.now))
    holds = [tries.line_up("ada", LONGEST_LINE) for _ in range(FREE_TRIES + LONGEST_LINE + 2)]
    assert holds[:FREE_TRIES] == [0.0] * FREE_TRIES
    assert holds[FREE_TRIES:-2] == [float(n * TURN) for n in range(1, LONGEST_LINE + 1)]
    assert holds[-2:] == [None, None]
    clock.now += 3
    assert [tries.line_up("ada", LONGEST_LINE) for _ in range(4)] == [18.0, 19.0, 20.0, None]
    assert tries.line_up("bob", LONGEST_LINE) == 0.0


def test_a_clock_that_is_set_back_makes_no_line_of_years(tries: Tries, clock: Clock) -> None:
    for _ in range(FREE_TRIES + 3):
        tries.line_up("ada", LONGEST_LINE)
    clock.now -= 10 * 365 * 86_400
    hold = tries.line_up("ada", LONGEST_LINE)
    assert hold is not None
    assert hold <= LONGEST_LINE


def test_a_try_that_finds_the_line_too_long_costs_the_network_nothing(
    tries: Tries, clock: Clock
) -> None:
    throttle = Throttle(tries, now=clock, urandom=os.urandom)
    for at in range(FREE_TRIES + LONGEST_LINE):
        assert throttle.admit("ada", f"198.51.{at}.1").refused == 0
    for _ in range(FREE_TRIES * 3):
        assert throttle.admit("ada", "203.0.113.9").refused > 0
    assert throttle.admit("bob", "203.0.113.9") == Turn()


def _guess(folder: Path, answers: Any) -> None:
    with opened(folder) as parts:
        tries = Tries(parts.engine, key=KEY, now=parts.now)
        answers.put(sum(tries.admit("ada") == 0 for _ in range(20)))


def test_workers_count_together(tmp_path: Path) -> None:
    """Slowed by account: two workers let in no more between them than one alone."""
    spawn = multiprocessing.get_context("spawn")
    with opened(tmp_path):
        answers = spawn.Queue()
        both = [spawn.Process(target=_guess, args=(tmp_path, answers)) for _ in range(2)]
        for each in both:
            each.start()
        for each in both:
            each.join()
        assert sum(answers.get(timeout=10) for _ in both) == FREE_TRIES
