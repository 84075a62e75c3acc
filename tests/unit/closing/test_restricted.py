"""Who restricted the use of their data is in no figure, and what they left is destroyed (M29)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.restricted import restricted_pseudonyms
from askfirst_collector.closing.so_far import count_days
from askfirst_collector.closing.today import add_newcomers, read_today
from askfirst_collector.services import Services
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.store.so_far import read_days
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.retention import destroy_salts
from tests.support.collectors import decision

from .house import (
    DAY,
    MONDAY,
    Clock,
    after,
    handle_of,
    key_of,
    noon,
    opened,
    policy,
    raw_files,
    row,
    store,
)
from .test_close import closings

POLICY = policy()
PAGE = "/of-the-one-who-restricted"


@pytest.fixture
def clock() -> Clock:
    return Clock(noon())


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """Twenty-one visitors of a morning, of whom the last restricts."""
    with opened(tmp_path / "data", clock, POLICY) as services:
        others = [row(services, n, {"page": ("/a",), "time": (MONDAY, "09")}) for n in range(20)]
        store(services, [*others, row(services, 20, {"page": (PAGE,), "time": (MONDAY, "09")})])
        record_now(services, decision(POLICY, handle=handle_of(20)))
        rights.restrict(services, "shop", handle_of(20))
        yield services


def test_closing_destroys_what_is_restricted_uncounted(
    parts: Services, clock: Clock, tmp_path: Path
) -> None:
    """It is there for its visitor until then, and in no figure then; nothing of it is left."""
    assert [
        entry["values"]["page"] for entry in rights.me(parts, "shop", handle_of(20))["rows"]
    ] == [[PAGE]]
    clock.now = after()
    close_due(parts, clock.now)
    assert closings(parts)["statistics", MONDAY] == 20
    assert rights.me(parts, "shop", handle_of(20))["rows"] == []
    assert PAGE.encode() not in raw_files(tmp_path)


def test_a_new_grant_lifts_it_in_time(parts: Services, clock: Clock) -> None:
    """Who agrees anew before the period closes is counted like anybody."""
    record_now(parts, decision(POLICY, handle=handle_of(20)))
    clock.now = after()
    close_due(parts, clock.now)
    assert closings(parts)["statistics", MONDAY] == 21


def test_who_withdraws_afterwards_is_not_counted_either(parts: Services, clock: Clock) -> None:
    """A withdrawal does not say that what was restricted may be used: it goes at once."""
    record_now(parts, decision(POLICY, "withdraw", handle=handle_of(20)))
    assert parts.events.counts(key_of()).rows == 20
    clock.now = after()
    close_due(parts, clock.now)
    assert closings(parts)["statistics", MONDAY] == 20


def test_figures_of_today_leave_it_out(parts: Services, clock: Clock) -> None:
    """Not in the hour in which it came, either."""
    add_newcomers(parts, clock.now)
    today = read_today(parts.engine, "shop", "statistics", 5, IN_UTC, clock.now)
    assert today is not None
    assert today.visitors == 20


def test_days_of_a_month_leave_it_out(tmp_path: Path) -> None:
    """The totals of a day are counted once: without it."""
    clock = Clock(noon())
    month = key_of("2026-11-01", "month")
    with opened(tmp_path / "data", clock, policy(closes="month")) as parts:
        store(parts, [row(parts, n, {"time": (MONDAY, "09")}, month) for n in range(21)])
        record_now(parts, decision(policy(closes="month"), handle=handle_of(20)))
        rights.restrict(parts, "shop", handle_of(20))
        count_days(parts, noon() + DAY)
        assert read_days(parts.engine, month)[MONDAY].visitors == 20
        # It stays its visitor's until the month closes.
        assert len(rights.me(parts, "shop", handle_of(20))["rows"]) == 1


def test_a_salt_is_not_destroyed_before_what_hangs_on_it(parts: Services, clock: Clock) -> None:
    """A collector that was down while the period ended: nobody could tell the rows apart later."""
    clock.now = after() + 3 * 3600
    destroy_salts(parts, clock.now)
    assert restricted_pseudonyms(parts, key_of()) == set()
    close_due(parts, clock.now)
    assert closings(parts)["statistics", MONDAY] == 20


def test_kept_rows_are_those_of_others(tmp_path: Path) -> None:
    """What is kept after closing has nothing of who restricted."""
    clock = Clock(noon())
    with opened(tmp_path / "data", clock, POLICY) as parts:
        own = {"page": (PAGE,)}
        store(parts, [row(parts, n, own, keep=30) for n in range(12)])
        record_now(parts, decision(POLICY, handle=handle_of(3)))
        rights.restrict(parts, "shop", handle_of(3))
        clock.now = after()
        close_due(parts, clock.now)
        assert len(list(parts.events.rows(key_of()))) == 11
