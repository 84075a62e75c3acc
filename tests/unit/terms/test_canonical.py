"""Canonical JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.terms.attributes import ADDED
from askfirst.terms.canonical import canonical
from askfirst.terms.policy import read_policy
from tests.support.policies import every_purpose

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(plain)
def test_it_says_the_same_thing_and_is_stable(value: object) -> None:
    """Reading the canonical form back and writing it again changes nothing."""
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_keys_are_ordered_by_utf16_code_units() -> None:
    """RFC 8785 section 3.2.3: the sorting example of the RFC."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    written = json.loads(canonical(dict.fromkeys(names, 0)))
    assert list(written) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_strings_are_escaped_as_the_rfc_says() -> None:
    """RFC 8785 section 3.2.2.2: short escapes where there are some, lower-case hex elsewhere."""
    text = '\u20ac$\u000f\nA\'B"\\\\"/\x7f'
    assert canonical(text) == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'.encode()


@pytest.mark.parametrize("value", [1.5, float("nan"), 2**53, {1: 2}, "\ud800", b"x", {"a": {3}}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    """No float, unsafe integer, lone surrogate or foreign type gets a hash."""
    with pytest.raises(ValueError):  # noqa: PT011
        canonical(value)


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("minimal", "ccb87f3246045712fdace2dbe8df7c8b2840599a38fcb8c3c5b8ab115a756b4a"),
        ("standard", "fa143862226c4a0659324b2585a600fec9f7fb8a1ea37886f712c607cb59d068"),
        ("full", "0cf31d69df14c939ac67536da01f85f5d5e99c973072249b0e5dac66fb24bbdc"),
    ],
)
def test_an_upgrade_makes_no_edition(name: str, digest: str) -> None:
    """M16: what is newer is left out while it is at its default: 0.2 had these hashes."""
    document = json.loads(every_purpose(name).canonical())
    for purpose in document["purposes"].values():
        for attribute in ADDED:
            purpose["levels"].pop(attribute, None)
        # The ready-made policies count more than those of 0.2 did; what a site has stays.
        purpose["tables"]["pairs"] = []
        purpose["actions"] = {}
        if "action" in purpose["levels"]:
            purpose["levels"]["action"] = 2 if name == "full" else 1
    assert read_policy(document).hash == digest
    defaults = {"time_zone": "UTC", "routes": [], "hash_routes": False}
    assert read_policy({**document, **defaults}).hash == digest
    assert read_policy({**document, "time_zone": "Asia/Kathmandu"}).hash != digest
