"""The time of arrival."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe.clock import arrival
from askfirst.terms.attributes import UNKNOWN


def test_parts_are_day_hour_minute_second() -> None:
    """Time is UTC, and each part stands alone."""
    assert arrival(1_795_356_309.9) == ("2026-11-22", "14", "05", "09")
    assert arrival(0) == ("1970-01-01", "00", "00", "00")


@given(st.floats() | st.integers())
def test_any_clock_is_read(now: float) -> None:
    """A clock that went wrong is unknown, never an error."""
    assert len(arrival(now)) == 4 or arrival(now) == (UNKNOWN,)
