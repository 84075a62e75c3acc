"""JSON that means one thing."""

from __future__ import annotations

import json
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.contracts.strict_json import read_json, read_object
from askfirst.errors import STATUS, Reason, Refused


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
        (b"9" * 5000, "bad-shape"),
        (b"\xff", "not-utf-8"),
        (b'"\xed\xa0\x80"', "not-utf-8"),
        (b'"\\ud800"', "bad-shape"),
        (b'{"\\udc00": 1}', "bad-shape"),
        (b'"a\\u0000b"', "bad-shape"),
        (b'{"a": 1, "a": 1}', "duplicate-key"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate-key"),
        (b"[" * 9 + b"]" * 9, "too-deep"),
        (b'{"a":"\x00"}', "not-json"),
        ('{"a":1}'.encode("utf-16"), "not-utf-8"),
        (b'[{"b":{"a":1,"c":2,"a":3}}]', "duplicate-key"),
        (b"-" + b"9" * 400, "bad-shape"),
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
    assert read_json(b'{"a":"\\ud83d\\ude00 \\\\ud800"}') == {"a": "\U0001f600 \\ud800"}
    assert read_json(b"[[[[[[[[1]]]]]]]]") == [[[[[[[[1]]]]]]]]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"1.0", 1),
        (b"-2.50e1", -25),
        (b"1e15", 10**15),
        (b"1.5", 1.5),
        (b"12345678901234567", 12345678901234567),
        (b"9" * 20, int("9" * 20)),
        (b"9" * 21, 1e21),
        (b"1e300", 1e300),
    ],
)
def test_a_number_is_what_a_double_makes_of_it(data: bytes, value: float) -> None:
    """RFC 8259 section 6; and as in JSON Schema, 1.0 is the whole number 1."""
    found = read_json(data)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "bad-shape"),
        ([], "bad-shape"),
        ({}, "unknown-version"),
        ({"v": True}, "unknown-version"),
        ({"v": "1"}, "unknown-version"),
        ({"v": 2, "other": 1}, "unknown-version"),
        ({"v": 1, "other": 1}, "unknown-field"),
    ],
)
def test_a_body_is_of_this_version_and_has_no_other_keys(body: object, reason: str) -> None:
    """The version first: what knows another one may have other keys."""
    with pytest.raises(Refused) as caught:
        read_object(body, frozenset({"v", "a"}))
    assert caught.value.reason == reason
    assert read_object({"v": 1.0, "a": 2}, frozenset({"v", "a"})) == {"v": 1, "a": 2}


@pytest.mark.parametrize("data", [b'"' + b'\\"' * 32_000, b'"' * 65_535, b'["\\' * 16_000])
def test_no_body_is_slow(data: bytes) -> None:
    """Time is bounded: strings that never end are looked at once."""
    start = time.process_time()
    assert reason(data)
    assert time.process_time() - start < 0.5


@pytest.mark.corpus
def test_json_test_suite(corpus: Path) -> None:
    """JSONTestSuite: every n_ is refused; every y_ passes, but duplicate keys and NUL."""
    refused_on_purpose = {
        "y_object_duplicated_key.json": "duplicate-key",
        "y_object_duplicated_key_and_value.json": "duplicate-key",
        "y_object_escaped_null_in_key.json": "bad-shape",
        "y_string_null_escape.json": "bad-shape",
    }
    seen = 0
    with tarfile.open(corpus / "json" / "JSONTestSuite-1ef36fa.tar.gz") as archive:
        for member in archive:
            name = Path(member.name).name
            if "test_parsing" not in member.name or not name.endswith(".json"):
                continue
            handle = archive.extractfile(member)
            assert handle is not None
            found = reason(handle.read())
            seen += 1
            if name.startswith("n_"):
                assert found, name
            elif name.startswith("y_"):
                assert found == refused_on_purpose.get(name), name
    assert seen > 300


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
    assert found is None or STATUS[Reason(found)] in (400, 422)
