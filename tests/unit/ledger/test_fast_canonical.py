"""Entries and receipts are written by a faster way, to the same bytes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askfirst.terms.canonical import SAFE_INTEGER, canonical
from askfirst.terms.lattice import Detail
from askfirst_collector.ledger.fast_canonical import fast_canonical

# Control characters, quotes, what HTML escapes, and keys whose order differs by code point and by
# UTF-16 unit.
TEXTS = st.text(max_size=6) | st.sampled_from(["\x00", "\x1f\x7f", '"\\/', "<&>", "", "\U0001f600"])
NUMBERS = st.integers() | st.sampled_from([SAFE_INTEGER, -SAFE_INTEGER, SAFE_INTEGER + 1, 2**64])
ODD = st.floats() | st.binary(max_size=3) | st.just(UUID(int=0)) | st.sampled_from(Detail)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | ODD,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=30,
)


def outcome(write: Any, value: object) -> object:
    try:
        return write(value)
    except (ValueError, RecursionError) as error:
        return type(error)


@given(st.dictionaries(TEXTS | st.integers(), VALUES, max_size=6))
@example({"a": 1.0})
@example({"a": float("nan")})
@example({"a": {"b": [True, 1, None, ("c",)]}})
@example({"\ue000": 1, "\U00010000": 2})
@example({"a": "\ud800"})
@example({"a": Detail.AS_ASKED})
@example({1: "a"})
def test_all_is_written_or_refused_alike(value: dict[Any, Any]) -> None:
    """M17: a leaf is of the one form (RFC 8785), whichever way it was written."""
    assert outcome(fast_canonical, value) == outcome(canonical, value)


def test_what_is_too_deep_is_refused() -> None:
    """By neither way is anything written of it."""
    value: dict[str, Any] = {}
    for _ in range(100_000):
        value = {"a": value}
    for write in (fast_canonical, canonical):
        with pytest.raises(RecursionError):
            write(value)
    while value:  # taken apart from outside: its end would go as deep
        value = value["a"]
