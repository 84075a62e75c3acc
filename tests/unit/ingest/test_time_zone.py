"""Days and periods by the clock of the site's time zone, and what a change of zone does."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from askfirst.terms.edition import widenings
from askfirst.terms.policy import Policy
from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.consents import read_consents
from askfirst_collector.closing.rule import Rule
from askfirst_collector.closing.so_far import count_days
from askfirst_collector.closing.today import add_newcomers, read_today
from askfirst_collector.reports.ranges import daily, series
from askfirst_collector.store.disclosed_ranges import Range, hours_of_day
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.periods import Calendar
from askfirst_collector.usecases.retention import purge

from .world import World, site_policy

HOUR = 3600  # seconds
SIZE = 5
MONDAY = datetime(2026, 11, 16, tzinfo=UTC).timestamp()
START = MONDAY + 17 * HOUR + 35 * 60


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every draw of a figure is 0."""
    monkeypatch.setattr(Rule, "_below", lambda self, base: 1)


def zoned(zone: str, closes: str = "day", name: str = "standard") -> Policy:
    policy = site_policy(name, time_zone=zone)
    terms = policy.document["purposes"]["statistics"]
    purposes = {"statistics": {**terms, "closes": closes, "min_cell_size": SIZE}}
    return site_policy(name, time_zone=zone, purposes=purposes)


def opened(folder: Path, zone: str, closes: str = "day", at: float = MONDAY) -> World:
    return World(folder / "data", zoned(zone, closes), at)


def run_jobs(world: World) -> None:
    """What runs beside the server, in its order."""
    parts, now = world.parts, world.now
    parts.salts.destroy_due(now, parts.registry.calendar)
    close_due(parts, now)
    count_days(parts, now)
    purge(parts, now)
    add_newcomers(parts, now)


def visit(world: World, handle: str | None = None) -> None:
    answer = world.post(world.body(), handle=handle or world.grant())
    assert answer.body == {"stored": 1, "dropped": []}


def visitors(world: World, first: str, last: str) -> dict[str, int | None]:
    wanted = Range("example", "statistics", date.fromisoformat(first), date.fromisoformat(last))
    return {day.period: day.visitors for day in daily(world.parts, wanted)}


def test_a_day_is_that_of_the_site(tmp_path: Path) -> None:
    """In Kathmandu it begins at 18:15 in UTC: rows, hours, today, answers and its close."""
    with closing(opened(tmp_path, "Asia/Kathmandu", at=START)) as world:
        for minute in range(0, 145, 5):
            world.now = START + minute * 60
            visit(world)
        parts = world.parts
        assert {row.period for row in world.rows()} == {"2026-11-16", "2026-11-17"}
        hours = sorted({row.values["time"] for row in world.rows()})
        assert hours == [("2026-11-16", "23"), ("2026-11-17", "00"), ("2026-11-17", "01")]
        world.now = MONDAY + 20 * HOUR + 20 * 60
        add_newcomers(parts, world.now)
        calendar = parts.registry.calendar("example")
        today = read_today(parts.engine, "example", "statistics", SIZE, calendar, world.now)
        assert today is not None
        assert today.visitors == 21  # since 18:15, until 20:15
        # An answer counts to the day in which its hour begins: that of 18:00 to Monday.
        answers = {
            day: read_consents(
                parts.ledger, PeriodKey("example", "", "statistics", "day", day), calendar
            ).groups
            for day in ("2026-11-16", "2026-11-17")
        }
        assert {day: len(got["granted", "1"]) for day, got in answers.items()} == {
            "2026-11-16": 17,
            "2026-11-17": 12,
        }
        # So that Monday closes when that hour is over, and with all of them.
        close_due(parts, MONDAY + 19 * HOUR)
        assert visitors(world, "2026-11-16", "2026-11-16") == {"2026-11-16": None}
        world.now = MONDAY + 42 * HOUR + 18 * 60
        close_due(parts, world.now)
        assert visitors(world, "2026-11-16", "2026-11-17") == {"2026-11-16": 8, "2026-11-17": None}
        world.now = MONDAY + 43 * HOUR + 180
        close_due(parts, world.now)
        assert visitors(world, "2026-11-16", "2026-11-17") == {"2026-11-16": 8, "2026-11-17": 21}
        wanted = Range("example", "statistics", date(2026, 11, 16), date(2026, 11, 17))
        assert hours_of_day(parts.engine, wanted) == {23: 8, 0: 12, 1: 9}


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
    ],
)
def test_a_day_of_23_or_25_hours_counts_whole(
    tmp_path: Path, zone: str, day: str, hours: int
) -> None:
    """A visitor an hour: none is lost where clocks are set, and who comes twice counts once."""
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() - 12 * HOUR
    with closing(opened(tmp_path, zone, "week", begin)) as world:
        constant = world.grant()
        for number in range(50):
            world.now = begin + number * HOUR
            if number % 3 == 0:
                run_jobs(world)
            visit(world)
            visit(world, constant)
        world.now += 14 * HOUR
        run_jobs(world)
        assert visitors(world, day, day) == {day: hours + 1}


@pytest.mark.parametrize(
    ("day", "of_two", "hours"), [("2026-10-25", 2 * SIZE + 6, 24), ("2026-03-29", None, 23)]
)
def test_hours_of_a_day_add_up_to_it(
    tmp_path: Path, day: str, of_two: int | None, hours: int
) -> None:
    """Eight visitors an hour: the hour that comes twice has both, the one left out has no line.

    What is told of today while it runs adds up to it as well.
    """
    an_hour = SIZE + 3
    calendar = Calendar([(0, "Europe/Berlin")])
    begin, end = calendar.start_of(day), calendar.end_of("day", day)
    with closing(opened(tmp_path, "Europe/Berlin", at=begin - HOUR)) as world:
        parts, came, sums = world.parts, 0, []
        for hour in range(begin, end, HOUR):
            world.now = hour + 30 * 60
            for _ in range(an_hour):
                visit(world)
            came += an_hour
            world.now = hour + HOUR - 1
            add_newcomers(parts, world.now)
            today = read_today(parts.engine, "example", "statistics", SIZE, calendar, world.now)
            sums.append(today.visitors if today else None)
        world.now = end + 2 * HOUR
        close_due(parts, world.now)
        wanted = Range("example", "statistics", *[date.fromisoformat(day)] * 2)
        by_hour = hours_of_day(parts.engine, wanted)
        assert visitors(world, day, day) == {day: came}
    assert len(by_hour) == hours
    assert by_hour.get(2) == of_two
    assert sum(by_hour.values()) == came == (end - begin) // HOUR * an_hour
    told = [count for count in sums if count]
    assert told == sorted(told)
    assert told[-1] == came - an_hour


@pytest.mark.parametrize(
    ("closes", "old", "new", "quiet"),
    [
        # The day gets 25 hours longer; nobody comes until the old one is over, and its salt due.
        ("day", "Pacific/Kiritimati", "Pacific/Pago_Pago", range(50, 62)),
        ("week", "Pacific/Pago_Pago", "Pacific/Kiritimati", range(0)),
    ],
)
def test_a_change_of_zone_loses_and_doubles_nobody(
    tmp_path: Path, closes: str, old: str, new: str, quiet: range
) -> None:
    """M50: a visitor an hour through the widest change there is, with every job in between."""
    with closing(opened(tmp_path, old, closes)) as world:
        world.policy = zoned(old, closes)
        constant = world.grant()
        for number in range(96):
            world.now = MONDAY + number * HOUR
            if number == 50:
                world.policy = zoned(new, closes)
                world.parts.registry.publish(world.policy)
            if number % 3 == 0:
                run_jobs(world)
            if number not in quiet:
                visit(world)
                visit(world, constant)
        world.now += 14 * 24 * HOUR
        run_jobs(world)
        wanted = Range("example", "statistics", date(2026, 11, 14), date(2026, 11, 22))
        weeks = [week.visitors for week in series(world.parts, wanted) if week.visitors]
        days = [n for n in visitors(world, "2026-11-14", "2026-11-22").values() if n]
        came = 96 - len(quiet)
        assert sum(days) == came + len(days)
        assert sum(weeks) == came + len(weeks)


def test_another_zone_asks_nobody_again(tmp_path: Path) -> None:
    """M16: the same is gathered, so that it is another edition and widens nothing."""
    with closing(opened(tmp_path, "UTC")) as world:
        handle = world.grant()
        world.parts.registry.publish(zoned("Europe/Berlin"))
        site = world.parts.registry.site("example")
        assert site is not None
        assert site.editions.current.number == 2
        assert not widenings(site.editions, "statistics", site.editions.bound_of(1))
        visit(world, handle)
