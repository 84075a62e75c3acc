"""Tides: high and low water alternate, and a turn is higher, or lower, than what is beside it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst_collector.demo.harbours import HARBOURS
from askfirst_collector.demo.tides import Harbour, curve, height, outline, turns

DAY = 86_400
harbours = st.sampled_from(list(HARBOURS.values()))
days = st.integers(15_000, 40_000).map(lambda day: day * DAY)


@given(harbours, days)
def test_high_and_low_water_alternate(harbour: Harbour, start: float) -> None:
    found = turns(harbour, start, start + 14 * DAY)
    assert all(a.high != b.high for a, b in pairwise(found))
    assert 50 <= len(found) <= 58


@given(harbours, days)
def test_a_turn_is_an_extreme(harbour: Harbour, start: float) -> None:
    for turn in turns(harbour, start, start + DAY):
        beside = [height(harbour, turn.at + seconds) for seconds in (-1200, 1200)]
        assert (turn.height > max(beside)) if turn.high else (turn.height < min(beside))


@given(harbours, days)
def test_the_water_stays_within_its_amplitudes(harbour: Harbour, start: float) -> None:
    most = sum(harbour.amplitudes)
    for _, level in curve(harbour, start):
        assert harbour.mean - most <= level <= harbour.mean + most


def test_an_outline_is_one_path() -> None:
    assert outline(((0.0, 0.0), (1.0, 2.0)), low=0.0, high=2.0) == "M0 1000L1000 0"


@pytest.mark.parametrize("harbour", HARBOURS.values(), ids=lambda each: each.key)
def test_no_harbour_falls_dry(harbour: Harbour) -> None:
    """Chart datum is the lowest water there is: a negative height would look like a slip."""
    assert harbour.mean > sum(harbour.amplitudes)
