"""A small site sees something: which pages and referrers of a blog have figures, and when."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.so_far import count_days
from askfirst_collector.reports.ranges import Row, daily, report
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.store.periods import IN_UTC
from tests.support.draws import drawn

from .blog import DAYS, MONTH, Blog
from .house import Clock, opened, policy

WANTED = Range("shop", "statistics", date(2026, 11, 1), date(2026, 11, 30))


@contextmanager
def blog(folder: Path, visitors: int, seed: int = 1) -> Iterator[Blog]:
    clock = Clock(IN_UTC.start_of(MONTH) + 3600)
    with opened(folder, clock, policy(closes="month"), urandom=drawn(seed)) as parts:
        yield Blog(parts, clock, visitors, random.Random(seed))


def shown(parts: Services, table: str) -> list[Row]:
    """The lines of the finest level."""
    rows = report(parts, WANTED, table).rows
    return [row for row in rows if row.kind == "value" and len(row.path) == 2]


def names(parts: Services) -> tuple[int, int]:
    """How many pages and how many referring sites have a figure."""
    sites = [row for row in shown(parts, "referrer") if row.path[0] != "internal"]
    return len(shown(parts, "page")), len(sites)


@pytest.mark.parametrize(
    ("visitors", "third", "week", "end"),
    [(12, (0, 0), (3, 2), (16, 7)), (60, (4, 2), (20, 7), (38, 9))],
)
def test_a_month_of_a_blog(
    tmp_path: Path,
    visitors: int,
    third: tuple[int, int],
    week: tuple[int, int],
    end: tuple[int, int],
) -> None:
    """With 12 or 60 visitors a day who agree: names on day 3, 8, at the end; the days."""
    with blog(tmp_path / "data", visitors) as site:
        expected = {3: third, 8: week}
        for number in range(1, DAYS + 1):
            site.day(number)
            site.end(number)
            count_days(site.parts, site.clock.now)
            if number in expected:
                assert reaches(names(site.parts), expected[number]), number
        site.clock.now = IN_UTC.start_of("2026-12-01") + 600
        close_due(site.parts, site.clock.now)
        assert reaches(names(site.parts), end)
        days = [day for day in daily(site.parts, WANTED) if day.visitors is not None]
        assert len(days) >= DAYS - 3
        assert mean_error(site) < 3


def reaches(names: tuple[int, int], least: tuple[int, int]) -> bool:
    """Whether pages and referrers both have as many names."""
    return names[0] >= least[0] and names[1] >= least[1]


def mean_error(site: Blog) -> float:
    """How far the figures of pages are from what they count."""
    errors = [
        abs(row.visitors - len(site.truth["page", row.path])) for row in shown(site.parts, "page")
    ]
    return sum(errors) / len(errors)
