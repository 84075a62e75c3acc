"""Bodies of events are read by a faster way, to the same end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askfirst.contracts import strict_json
from askfirst.errors import Refused
from askfirst_collector.ingest.fast_json import read_json

# What makes the two readers differ, if anything does: quotes, escapes, brackets, keys that stand
# twice, numbers that are large, long, whole or nearly nothing, and bytes that are no text.
PIECES = st.sampled_from(
    [
        *(b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b'"', b"\\", b"\x00", b"\x1f", b"\x7f"),
        *(b'"a"', b'"b"', b'"a":', b'"\\u0061":', b'"\\u0000"', b'"\\ud800"', b'"\\""', b'"]"'),
        *(b"0", b"-0", b"1.0", b"-0.0", b"1e5", b"1e999", b"1e-999", b"18446744073709551615"),
        *(b"18446744073709551616", b"-9223372036854775809", b"9" * 21, b"9" * 400, b"01", b"+1"),
        *(b"true", b"null", b"NaN", b"-Infinity", b"\xef\xbb\xbf", b"\xc3\xa9", b"\xff", b"[" * 9),
        *(b'{"a":1,"a":1}', b'{"a":"x","b":"x"}', b'{"v":1,"events":[{"page":"/a"}]}'),
    ]
)
TEXTS = st.text(max_size=6)
NUMBERS = st.integers() | st.floats(allow_nan=False) | st.sampled_from([2**63, 2**64, 10**20, -0.0])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=30,
)


def outcome(read: Any, data: bytes) -> object:
    """What was read, with the types that == takes for alike; or why it was refused."""
    try:
        return repr(read(data))
    except Refused as refused:
        return refused.reason, refused.detail


def agrees(data: bytes) -> None:
    assert outcome(read_json, data) == outcome(strict_json.read_json, data)


@given(st.lists(PIECES, max_size=12).map(b"".join))
@example(b'{"a":"x","a":"y","b":"z"}')
@example(b'{"a":1,"a":{"b":"c"}}')
@example(b'{"a":{"a":1},"b":[{"c":1,"c":2}]}')
@example(b"[" * 8 + b"]" * 8)
@example(b"[" * 9 + b"]" * 9)
@example(b'[["]"],["]"],["]",["]",["]",["]",["]",["]",["[[[[[[["]]]]]]]]')
@example(b"[" * 60_000)
@example(b'{"a":' * 10_000)
def test_bodies_of_pieces_are_read_alike(data: bytes) -> None:
    """Duplicate keys, depth, NUL, huge numbers, broken text: the same value or the same reason."""
    agrees(data)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_values_are_read_alike(value: object, ascii: bool, indent: int | None) -> None:
    """Whatever can be written as JSON, and however it is written."""
    agrees(json.dumps(value, ensure_ascii=ascii, indent=indent).encode("utf-8", "surrogatepass"))


@given(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1), st.data())
def test_no_key_stands_twice(value: dict[str, object], data: st.DataObject) -> None:
    """A key that is written again, wherever its value hides other texts, is refused."""
    again = data.draw(st.sampled_from(sorted(value)))
    pairs = [*value.items(), (again, data.draw(VALUES))]
    inner = ",".join(f"{json.dumps(name)}:{json.dumps(item)}" for name, item in pairs)
    for body in (f"{{{inner}}}", f'{{"v":1,"events":[{{{inner}}}]}}'):
        agrees(body.encode())


@pytest.mark.parametrize("data", [b"", b"\xff", b'"\\ud800"', b"[1e400]", b'{"a":"\x00"}'])
def test_what_one_refuses_the_other_does(data: bytes) -> None:
    """The reasons are those of every other body."""
    with pytest.raises(Refused):
        read_json(data)
    agrees(data)
