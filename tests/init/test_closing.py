"""How long a period is, by how many come."""

from __future__ import annotations

import pytest

from askfirst_collector.init.closing import AGREEING, DAYS, WANTED, choose


@pytest.mark.parametrize(
    ("visitors", "cell", "closes"),
    [
        (200, 5, "day"),
        (199, 5, "week"),
        (29, 5, "week"),
        (28, 5, "month"),
        (0, 5, "month"),
        (400, 10, "day"),
        (399, 10, "week"),
    ],
)
def test_the_shortest_that_fills_a_table(visitors: int, cell: int, closes: str) -> None:
    """A day where a day's visitors do, then a week, then a month."""
    found = choose(visitors, cell)
    assert found.closes == closes
    made = visitors * DAYS[found.closes] // AGREEING
    assert f"about {WANTED * cell} who agreed" in found.why
    assert f"make {made} in a {closes}" in found.why
    assert ("That is few" in found.why) == (made < WANTED * cell)
