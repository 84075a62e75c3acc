"""Rounding to base 5 by a keyed rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from askfirst_collector.closing.rounding import BASE, Rounding

keys = st.binary(min_size=32, max_size=32)
counts = st.integers(0, 10**7)


@given(keys, counts)
def test_a_count_becomes_the_multiple_of_five_below_or_above(key: bytes, count: int) -> None:
    """M27: what is read is a multiple of five, less than five away, and never 0 for somebody."""
    rounded = Rounding(key).rounded(count)
    assert rounded % BASE == 0
    assert abs(rounded - count) < BASE
    assert (rounded == 0) == (count == 0)


@given(keys, counts, counts)
def test_a_part_never_reads_larger_than_its_whole(key: bytes, a: int, b: int) -> None:
    """Counts keep their order, and equal counts read the same, whoever asks however often."""
    rounding = Rounding(key)
    assert rounding.rounded(min(a, b)) <= rounding.rounded(max(a, b))
    assert Rounding(key).rounded(a) == rounding.rounded(a)


def test_errors_cancel_over_periods() -> None:
    """Over many keys a count is right on average: ranges are sums of rounded periods."""
    keys = [number.to_bytes(32, "big") for number in range(2_000)]
    for count in (11, 12, 13, 14):
        mean = sum(Rounding(key).rounded(count) for key in keys) / len(keys)
        assert abs(mean - count) < 0.25


def test_the_key_decides() -> None:
    """M27: without the key nobody can tell which way a count went."""
    rounded = {Rounding(bytes([n]) * 32).rounded(12) for n in range(50)}
    assert rounded == {10, 15}
