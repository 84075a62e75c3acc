"""JSON that means one thing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.errors import STATUS, Refused
from askfirst.gate.strict_json import read_json


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (b"{} {}", "not-json"),
        (b"\xef\xbb\xbf{}", "not-json"),
        (b"NaN", "not-json"),
        (b"[Infinity]", "not-json"),
        (b"[-Infinity]", "not-json"),
        (b"1e400", "bad-shape"),
        (b"1.0", "bad-shape"),
        (b"9" * 5000, "bad-shape"),
        (b"\xff", "not-utf-8"),
        (b'"\xed\xa0\x80"', "not-utf-8"),
        (b'"\\ud800"', "bad-shape"),
        (b'{"\\udc00": 1}', "bad-shape"),
        (b'"a\\u0000b"', "bad-shape"),
        (b'{"a": 1, "a": 1}', "duplicate-key"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate-key"),
        (b"[" * 9 + b"]" * 9, "too-deep"),
        (b"[" * 60_000, "too-deep"),
        (b'{"a":' * 10_000, "too-deep"),
        (b'"' + b"\\" * 60_000, "not-json"),
    ],
)
def test_what_means_nothing_or_two_things_is_refused(data: bytes, reason: str) -> None:
    """RFC 7493, each with a reason, none with a fault."""
    with pytest.raises(Refused) as caught:
        read_json(data)
    assert caught.value.reason == reason


def test_brackets_in_strings_are_no_depth() -> None:
    """Depth is counted in the structure alone."""
    assert read_json(b'{"a": "[[[[[[[[[[\\"]]{{{{{{{{{{"}') == {"a": '[[[[[[[[[["]]{{{{{{{{{{'}
    assert read_json(b"[[[[[[[[1]]]]]]]]") == [[[[[[[[1]]]]]]]]


PLAIN = st.none() | st.booleans() | st.integers(-(10**15), 10**15)
TEXT = st.text('ab"\\[]{}é😀', max_size=8)
VALUES = st.recursive(
    PLAIN | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def reason(data: bytes) -> str | None:
    """Why the data is refused; None where it is read."""
    try:
        read_json(data)
    except Refused as refused:
        return refused.reason
    return None


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max(map(depth, inner), default=0) + isinstance(value, (dict, list))


@given(VALUES)
def test_plain_json_is_read_as_it_is(value: object) -> None:
    """What is strict already is read by the same rules as everywhere."""
    data = json.dumps(value).encode()
    if depth(value) > 8:
        assert reason(data) == "too-deep"
    else:
        assert read_json(data) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Never another error."""
    found = reason(data)
    assert found is None or STATUS[found] in (400, 422)
