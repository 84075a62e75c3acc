"""Sec-GPC and DNT."""

from __future__ import annotations

import pytest

from askfirst.gate.signals import read_signals


@pytest.mark.parametrize("value", [b"1", b" 1 ", b"0, 1", b"true,1"])
def test_an_exact_one_counts(value: bytes) -> None:
    """M21: Sec-GPC counts when a value is exactly 1, alone or among others on one line."""
    assert read_signals([(b"Sec-GPC", value)]).gpc
    assert read_signals([(b"dnt", value)]).dnt


@pytest.mark.parametrize(
    "value", [b"0", b"true", b"1;x", b"", b"11", b"1.0", b'"1"', b"?1", b"\xef\xbc\x91", b"1 1"]
)
def test_nothing_else_counts(value: bytes) -> None:
    """M21: 0, true, `1;x` and empty do not count."""
    signals = read_signals([(b"sec-gpc", value), (b"dnt", value)])
    assert not signals.gpc
    assert not signals.dnt


def test_one_of_several_lines_is_enough() -> None:
    """M21: several values with one exact 1 count."""
    assert read_signals([(b"sec-gpc", b"0"), (b"SEC-GPC", b"1"), (b"sec-gpc", b"x")]).gpc
    assert not read_signals([(b"sec-gpc", b"0"), (b"sec-gpc-x", b"1")]).gpc
