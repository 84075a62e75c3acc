"""The one snapshot of the open period."""

from __future__ import annotations

from askfirst_collector.closing.snapshot import HOUR, Snapshot, read_snapshot, take_snapshots
from askfirst_collector.services import Services

from .house import MONDAY, Clock, crowd, key_of, noon, row, store


def _snapshot(parts: Services, clock: Clock) -> Snapshot:
    take_snapshots(parts, clock.now)
    found = read_snapshot(parts.engine, "shop", clock.now)
    assert found is not None
    return found


def test_it_is_rounded_down_to_a_multiple_of_the_size(parts: Services, clock: Clock) -> None:
    """M27: 14 visitors with 18 page views read as 10 and 15."""
    store(parts, [*crowd(parts, 14, page=("/a",)), *crowd(parts, 4, page=("/b",))])
    found = _snapshot(parts, clock)
    assert (found.closes, found.period) == ("day", MONDAY)
    assert (found.visitors, found.views) == (10, 15)


def test_under_the_size_it_says_nothing_and_nobody_the_same(parts: Services, clock: Clock) -> None:
    """M27: four visitors with forty page views look like none."""
    nobody = _snapshot(parts, clock)
    store(parts, [row(parts, number % 4, {"page": ("/a",)}) for number in range(40)])
    clock.now += HOUR
    few = _snapshot(parts, clock)
    assert (few.visitors, few.views) == (nobody.visitors, nobody.views) == (0, 0)


def test_who_polls_sees_it_move_at_most_hourly(parts: Services, clock: Clock) -> None:
    """M27: polling each second, before and after a visit, shows the same until the hour is over."""
    store(parts, crowd(parts, 9, page=("/a",)))
    first = _snapshot(parts, clock)
    store(parts, crowd(parts, 1, 100, page=("/a",)))
    for second in (1, 2, 60, HOUR - 1):
        clock.now = noon() + second
        assert _snapshot(parts, clock) == first
    clock.now = noon() + HOUR
    assert _snapshot(parts, clock).visitors == 10


def test_an_erasure_never_lowers_it(parts: Services, clock: Clock) -> None:
    """M27: what is shown before and after an erasure is the same, the next hour too."""
    rows = crowd(parts, 10, page=("/a",))
    store(parts, rows)
    before = _snapshot(parts, clock)
    assert rows[0].pseudonym is not None
    assert parts.events.erase([rows[0].pseudonym]) == 1
    clock.now += HOUR
    after_it = _snapshot(parts, clock)
    assert (after_it.visitors, after_it.views) == (before.visitors, before.views) == (10, 10)


def test_it_ends_with_its_period(parts: Services, clock: Clock) -> None:
    """A closed period has its tables; the snapshot of an old one is never shown."""
    store(parts, crowd(parts, 10, page=("/a",)))
    _snapshot(parts, clock)
    clock.now += 86_400
    assert read_snapshot(parts.engine, "shop", clock.now) is None
    assert _snapshot(parts, clock).visitors == 0


def test_purposes_are_not_added_up(parts: Services, clock: Clock) -> None:
    """A visitor who agreed to two purposes has two pseudonyms and is still one visitor."""
    for purpose in ("statistics", "marketing"):
        key = key_of(purpose=purpose)
        store(parts, [row(parts, n, {"page": ("/a",)}, key) for n in range(10)])
    assert _snapshot(parts, clock).visitors == 10
