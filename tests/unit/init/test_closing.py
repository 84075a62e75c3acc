"""How long a period is, by how many come."""

from __future__ import annotations

import pytest

from askfirst_collector.init.closing import choose


@pytest.mark.parametrize(
    ("visitors", "agreeing", "closes"),
    [
        (0, 0, "month"),
        (24, 12, "month"),
        (399, 199, "month"),
        (400, 200, "week"),
        (3_999, 1_999, "week"),
        (4_000, 2_000, "day"),
    ],
)
def test_it_goes_by_those_who_agree(visitors: int, agreeing: int, closes: str) -> None:
    """Under 200 a day by month, under 2,000 by week, else by day; the sentence says why."""
    choice = choose(visitors, 5)
    assert choice.closes == closes
    assert f"{visitors} a day are {agreeing} who are counted" in choice.why
    assert "at least 5 visitors share it within a period" in choice.why
