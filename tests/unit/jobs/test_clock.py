"""The time that jobs go by: a clock is believed as far as it goes on evenly."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst_collector.jobs.clock import (
    HOLD,
    TOLERANCE,
    Doubt,
    JobClock,
    Seen,
    TrustedClock,
    even_seconds,
)
from askfirst_collector.jobs.run import run_jobs
from askfirst_collector.runtime.health import health
from askfirst_collector.services import Services
from askfirst_collector.store.periods import IN_UTC

from ..closing.house import MONDAY, Clock, crowd, store
from ..closing.test_close import closings

DAY = 86_400  # seconds
NOON = IN_UTC.start_of(MONDAY) + DAY / 2


@dataclass
class Machine:
    """The seconds that pass, and how far the clock of the wall is from them."""

    ticks: float = 1_000.0
    off: float = NOON - 1_000.0

    def wall(self) -> float:
        return self.ticks + self.off

    def monotonic(self) -> float:
        return self.ticks

    def trusted(self, seen: Seen | None = None) -> TrustedClock:
        """A process that begins now."""
        return TrustedClock(self.wall, self.monotonic, seen)


def watch(machine: Machine, clock: TrustedClock, seconds: float) -> float:
    """Look every two seconds for so long; what the last look said."""
    present = clock()
    for _ in range(int(seconds / 2)):
        machine.ticks += 2
        present = clock()
    return present


@pytest.mark.parametrize("jump", [30 * DAY, -30 * DAY, 3 * 3600, -3600])
def test_a_clock_that_jumps_for_twelve_seconds_changes_nothing(
    jump: float, caplog: pytest.LogCaptureFixture
) -> None:
    """M50: the time before goes on, to either side; it is said once, and that it is over."""
    machine = Machine()
    clock = machine.trusted()
    right = machine.off
    for _ in range(4):  # flapping
        machine.off = right + jump
        assert watch(machine, clock, 12) == machine.ticks + right
        assert clock.seen.doubt is not None
        machine.off = right
        assert watch(machine, clock, 12) == machine.wall()
        assert clock.seen == Seen(machine.wall())
    assert caplog.text.count("W143") == 1
    assert caplog.text.count("W144") == 1


def test_another_time_is_believed_when_it_has_held() -> None:
    """For ten minutes without a break; a jump within them begins them anew."""
    machine = Machine()
    clock = machine.trusted()
    right = machine.off
    machine.off = right + 3 * DAY
    assert watch(machine, clock, HOLD - 10) == machine.ticks + right
    machine.off = right + 4 * DAY
    assert watch(machine, clock, HOLD - 10) == machine.ticks + right
    assert watch(machine, clock, 20) == machine.wall() == machine.ticks + right + 4 * DAY


def test_a_small_correction_is_no_jump_and_a_creeping_clock_is_one() -> None:
    """A minute either way, every ten minutes; no look makes the next minute free."""
    machine = Machine()
    clock = machine.trusted()
    for _ in range(5):
        machine.off += TOLERANCE - 1
        assert watch(machine, clock, HOLD + 2) == machine.wall()
    for _ in range(10):
        machine.off += TOLERANCE / 2
        machine.ticks += 2
        present = clock()
    assert machine.wall() - present > 3 * TOLERANCE


@pytest.mark.parametrize("off", [90 * DAY, 86_400, 700, -3_600])
def test_a_start_after_a_time_off_closes_after_ten_minutes(off: float) -> None:
    """Being off for months is normal: what was seen last goes on until the clock has held."""
    machine = Machine()
    seen = Seen(machine.wall() - off)
    clock = machine.trusted(seen)
    began = machine.ticks
    assert watch(machine, clock, HOLD - 10) == seen.believed + machine.ticks - began
    assert watch(machine, clock, 20) == machine.wall()


def test_a_restart_is_believed_at_once() -> None:
    """Within ten minutes after what was seen, and in a folder that nobody has run jobs in."""
    machine = Machine()
    assert machine.trusted(Seen(machine.wall() - 300))() == machine.wall()
    assert machine.trusted(None)() == machine.wall()


def test_workers_that_live_for_a_minute_believe_it_together() -> None:
    """What one has watched counts for the next; what nobody watched does not."""
    machine = Machine()
    seen = Seen(machine.wall() - 30 * DAY)
    for _ in range(8):
        clock = machine.trusted(seen)
        assert watch(machine, clock, 70) < machine.wall()
        seen = clock.seen
        machine.ticks += 5
    clock = machine.trusted(seen)
    assert watch(machine, clock, 70) == machine.wall()
    apart = Seen(machine.wall() - 30 * DAY, Doubt(machine.wall() - 9_000, machine.wall() - 5_000))
    assert watch(machine, machine.trusted(apart), 70) < machine.wall()


@given(st.lists(st.tuples(st.floats(-1e8, 1e8), st.integers(1, HOLD - 2)), max_size=12))
def test_no_number_of_short_jumps_moves_it(jumps: list[tuple[float, int]]) -> None:
    """However far and however often, each shorter than ten minutes: within the tolerance."""
    machine = Machine()
    clock = machine.trusted()
    right = machine.off
    for jump, seconds in jumps:
        machine.off = right + jump
        clock()
        machine.ticks += seconds
        allowed = TOLERANCE * (2 + machine.ticks // HOLD)
        assert abs(clock() - machine.ticks - right) <= allowed
        machine.off = right
        clock()


def test_even_seconds_go_on() -> None:
    """They are of the system, and grow."""
    first = even_seconds()
    assert even_seconds() >= first > 0


def test_jobs_of_a_clock_that_is_ahead_destroy_and_close_nothing(
    parts: Services, clock: Clock
) -> None:
    """M50: salts and open periods outlast thirty days of twelve seconds; health says the doubt."""
    machine = Machine()
    present = JobClock(parts, machine.monotonic)
    store(parts, crowd(parts, 20, page=("/a",)))
    salts = [salt.salt for salt in parts.salts.open_periods("shop")]
    assert salts
    run_jobs(parts, present())
    for seconds in range(6):
        machine.ticks += 2
        clock.now = NOON + 30 * DAY + 2 * seconds
        run_jobs(parts, present() + 60 * seconds)
    assert health(parts)["status"] == "ok"
    assert health(parts)["parts"]["clock"] == "doubted"  # type: ignore[index]
    clock.now = NOON + 12
    run_jobs(parts, present())
    assert health(parts)["parts"]["clock"] == "ok"  # type: ignore[index]
    assert closings(parts) == {}
    assert [salt.salt for salt in parts.salts.open_periods("shop")] == salts
    assert len(list(parts.events.rows(parts.events.periods()[0]))) == 20


def test_what_was_seen_outlives_the_process(parts: Services, clock: Clock) -> None:
    """A start with a clock that is ahead is held to what the process before it saw."""
    machine = Machine()
    JobClock(parts, machine.monotonic)()
    clock.now = NOON + 30 * DAY
    again = JobClock(parts, machine.monotonic)
    assert again() == NOON
    machine.ticks += HOLD
    clock.now += HOLD
    assert again() == clock.now
    assert JobClock(parts, machine.monotonic)() == clock.now
