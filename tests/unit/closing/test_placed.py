"""What placed collectors gathered: closed by itself, under the terms of the whole chain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from askfirst.client import Decision
from askfirst.errors import Problem
from askfirst_collector.catalogue.activate import move_revision
from askfirst_collector.catalogue.suspensions import suspend_site
from askfirst_collector.closing.close import close_due, due
from askfirst_collector.reports.ranges import Report, report
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.retention import purge
from tests.support.placing import place, state, tides
from tests.unit.closing.house import (
    DAY,
    MONDAY,
    Clock,
    after,
    handle_of,
    noon,
    opened,
    policy,
    row,
    store,
)

KEY = PeriodKey("shop", "tides", "statistics", "day", MONDAY)
SITE = policy(tables={"pairs": [["page", "browser"]]})
FIREFOX = {"browser": ("Firefox",), "page": ("/tides", "/tides/dublin")}


@pytest.fixture
def clock() -> Clock:
    return Clock(noon())


@contextmanager
def standing(folder: Path, clock: Clock, **changes: Any) -> Iterator[Services]:
    """A shop on which the tides collector stands."""
    with opened(folder, clock, SITE) as parts:
        place(parts, tides(SITE, **changes))
        yield parts


def told(parts: Services, table: str, collector: str = "tides") -> Report:
    day = date.fromisoformat(MONDAY)
    return report(parts, Range("shop", "statistics", day, day, collector), table)


def views(parts: Services, people: int, key: PeriodKey = KEY, **more: Any) -> None:
    store(parts, [row(parts, number, FIREFOX, key, **more) for number in range(people)])


def answer(parts: Services, visitor: int, choices: dict[str, int]) -> None:
    site = parts.registry.site("shop")
    assert site is not None
    edition = site.editions.current.hash
    decision = Decision("shop", handle_of(visitor), edition, "en", "save", choices, True, False)
    record_now(parts, decision)


def test_each_collector_closes_what_it_gathered_alone(tmp_path: Path, clock: Clock) -> None:
    """Tables are answered per (site, placed collector, purpose, period)."""
    with standing(tmp_path, clock) as parts:
        views(parts, 10)
        views(parts, 20, replace(KEY, collector=""))
        clock.now = after()
        close_due(parts, clock.now)
        assert told(parts, "browser").visitors == 10
        assert told(parts, "browser", "").visitors == 20
        assert told(parts, "browser", "winds").visitors is None


def test_the_largest_size_and_the_shortest_retention_of_the_chain(
    tmp_path: Path, clock: Clock
) -> None:
    """The largest `min_cell_size` and the shortest retention among the rows' terms."""
    with standing(tmp_path, clock, statistics={"min_cell_size": 12}) as parts:
        views(parts, 10)
        clock.now = after()
        close_due(parts, clock.now)
        (period,) = told(parts, "browser").periods
        assert period.reason == "too few"
        clock.now = after() + 31 * DAY
        purge(parts, clock.now)
        (period,) = told(parts, "browser").periods
        assert period.reason == "past retention"


def test_only_tables_that_the_collector_lists_are_made(tmp_path: Path, clock: Clock) -> None:
    """A pair table that the site lists is not the collector's unless it lists it too."""
    with standing(tmp_path, clock) as parts:
        views(parts, 20)
        views(parts, 20, replace(KEY, collector=""))
        clock.now = after()
        close_due(parts, clock.now)
        assert told(parts, "browser*page").rows == ()
        assert told(parts, "browser*page", "").rows != ()


@pytest.mark.parametrize("to", ["suspended", "retired"])
@pytest.mark.parametrize("people", [0, 1, 10])
def test_what_is_gone_still_closes_and_is_purged(
    tmp_path: Path, clock: Clock, to: str, people: int
) -> None:
    """Nothing is lost with a collector; and that nobody came looks as if one came (M27)."""
    with standing(tmp_path, clock) as parts:
        views(parts, people)
        state(parts, tides(SITE), to)
        clock.now = after()
        assert KEY in due(parts, clock.now)
        close_due(parts, clock.now)
        found = told(parts, "browser")
        assert found.visitors == (10 if people == 10 else None)
        assert [each.reason for each in found.periods] == [None if people == 10 else "too few"]
        assert KEY not in parts.events.periods()
        clock.now = after() + DAY
        assert KEY not in due(parts, clock.now)
        later = PeriodKey("shop", "tides", "statistics", "day", "2026-11-17")
        assert later not in due(parts, clock.now)
        clock.now = after() + 31 * DAY
        purge(parts, clock.now)
        assert [each.reason for each in told(parts, "browser").periods] == ["not asked"]


@pytest.mark.parametrize("people", [0, 1])
def test_a_suspended_site_closes_alike(tmp_path: Path, clock: Clock, people: int) -> None:
    """M27: where a host policy stops a whole site, that its day closes tells nobody who came."""
    with standing(tmp_path, clock) as parts:
        views(parts, people)
        with writing(parts.engine) as connection:
            problems = [Problem("/consent_days", 365, "write 30")]
            suspend_site(connection, "shop", problems, now=clock.now)
            move_revision(connection)
        site = parts.registry.site("shop")
        assert site is not None
        assert site.host is None
        clock.now = after()
        assert {KEY, replace(KEY, collector="")} <= set(due(parts, clock.now))
        close_due(parts, clock.now)
        assert [each.reason for each in told(parts, "browser").periods] == ["too few"]


def test_a_collector_that_comes_and_goes_closes_every_day_it_stood(
    tmp_path: Path, clock: Clock
) -> None:
    """By the calendar, not by whether somebody came: gaps are those of its editions."""
    with standing(tmp_path, clock) as parts:
        state(parts, tides(SITE), "suspended")
        clock.now = noon("2026-11-19")
        state(parts, tides(SITE), "active")
        clock.now = after("2026-11-19")
        found = [key.period for key in due(parts, clock.now) if key.collector == "tides"]
        assert found == [MONDAY, "2026-11-19"]


def test_its_answers_are_counted_by_name(tmp_path: Path, clock: Clock) -> None:
    """The `consent` table of a collector counts grants, changes and ends of `collector/purpose`."""
    with standing(tmp_path, clock) as parts:
        for visitor in range(10):
            answer(parts, visitor, {"statistics": 2, "tides/statistics": 2})
        for visitor in range(10, 20):
            answer(parts, visitor, {"statistics": 2})
        clock.now = after()
        close_due(parts, clock.now)
        own = {(each.path, each.visitors) for each in told(parts, "consent").rows}
        assert (("granted",), 10) in own
        sites = {(each.path, each.visitors) for each in told(parts, "consent", "").rows}
        assert (("granted",), 20) in sites
