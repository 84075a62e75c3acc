"""What the page on ClickHouse says a day of events needs is what the benchmark reckons."""

from __future__ import annotations

from itertools import pairwise

import pytest
from benchmarks.capacity import DAY, Assumed, Measured, away, lines, need, traffic

from tests.conftest import ROOT

COUNTS = (1e6, 1e8, 1e9)


def test_the_page_has_the_table_that_is_reckoned() -> None:
    """Line by line, with the figures and assumptions as they are."""
    page = (ROOT / "docs/clickhouse.md").read_text("utf-8")
    assert "\n".join(lines(COUNTS, Measured(), Assumed())) in page


@pytest.mark.parametrize("peak", [1.5, 3, 6])
def test_traffic_has_its_mean_and_its_peak(peak: float) -> None:
    """Over a day as many as there are, at noon as many times the mean."""
    assumed = Assumed(peak=peak)
    day = [traffic(1e6, assumed, second) for second in range(DAY)]
    assert sum(day) == pytest.approx(1e6, rel=0.001)
    assert max(day) == pytest.approx(day[DAY // 2])
    assert day[DAY // 2] * DAY / 1e6 == pytest.approx(peak)


def test_more_events_need_more_of_everything() -> None:
    """Nothing falls as events grow; and spools are full sooner."""
    for less, more in pairwise(need(count, Measured(), Assumed()) for count in COUNTS):
        assert more.cores > less.cores
        assert more.machines >= less.machines
        assert more.rows_open > less.rows_open
        assert more.full_after <= less.full_after


def test_what_waits_is_moved_once_it_is_back() -> None:
    """By hand: ten minutes of a steady 100 events a second, of which 1,000 are moved in one."""
    measured = Measured(waiting_bytes=1, moved_a_second=1_000, spool_cap=10**9)
    full, waits, caught_up = away(100.0 * DAY, measured, Assumed(peak=1, away=600), 1)
    assert full == float("inf")
    assert waits == pytest.approx(60_000)
    assert caught_up == pytest.approx(60_000 / 900, abs=1)
    full, _, _ = away(100.0 * DAY, Measured(waiting_bytes=1, spool_cap=10_000), Assumed(peak=1), 1)
    assert full == pytest.approx(100, abs=1)
