"""The preferred language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe.language import language
from askfirst.terms.attributes import UNKNOWN


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", ("de", "de-AT")),
        ("en;q=0.5, fr;q=0.9", ("fr", "fr")),
        ("EN-us", ("en", "en-US")),
        ("zh-hant-tw", ("zh", "zh-Hant-TW")),
        ("es-419", ("es", "es-419")),
        ("zh-cmn-Hans-CN", ("zh", "zh-Hans-CN")),
        ("de-DE-1996", ("de", "de-DE")),
        ("en-US-u-hidden1-x-canary", ("en", "en-US")),
        ("*, pt;q=0.1", ("pt", "pt")),
        (" , fr ,", ("fr", "fr")),
        ("en;Q=1.000", ("en", "en")),
    ],
)
def test_the_preferred_language(header: str, value: tuple[str, ...]) -> None:
    """The highest quality wins, the first among equals, written as BCP 47 writes it."""
    assert language(header) == value


@pytest.mark.parametrize(
    "header",
    ["", "*", "en;q=0", "x-canary", "i-klingon", "en;q=2", "en US", "e", "ſs", "en\0", "a" * 2000],
)
def test_the_rest_is_unknown(header: str) -> None:
    """A malformed header, a refusal, a wildcard, private use: nothing is guessed."""
    assert language(header) == (UNKNOWN,)


@given(st.text() | st.from_regex(r"[a-zA-Z*0-9,;=.q -]{0,60}"))
def test_any_header_is_read(header: str) -> None:
    """Nothing raises, and what comes out is a short tag."""
    value = language(header)
    assert value == (UNKNOWN,) or (len(value) == 2 and value[1].startswith(value[0]))
    assert len(value[-1]) <= 15


@pytest.mark.corpus
def test_naughty_strings(corpus: Path) -> None:
    """The big list of naughty strings does not raise."""
    for text in json.loads((corpus / "naughty/blns.json").read_text(encoding="utf-8")):
        assert language(text)
