"""Sec-GPC, DNT and ADPC."""

from __future__ import annotations

import pytest

from askfirst.gate.signals import read_decisions, read_signals
from askfirst.terms.consent import Decisions, Signals


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


@pytest.mark.parametrize(
    ("line", "withdraw", "objects", "consent"),
    [
        (b"withdraw=statistics", {"statistics"}, set(), set()),
        (b'withdraw="a b" ,consent="c d"', {"a", "b"}, set(), {"c", "d"}),
        (b"withdraw=*, object=direct-marketing, consent=a", {"*"}, {"direct-marketing"}, {"a"}),
        (b'WithDraw = "a"; consent="b"', {"a"}, set(), {"b"}),
        (b'withdraw="a', {"a"}, set(), set()),
        (b"withdraw=a,withdraw=b,nonsense=c", {"a", "b"}, set(), set()),
    ],
)
def test_what_a_browser_takes_back(
    line: bytes, withdraw: set[str], objects: set[str], consent: set[str]
) -> None:
    """S07: one name, or several between quotes, on one line or more, also as senders are about."""
    expected = Decisions(frozenset(withdraw), frozenset(objects), frozenset(consent))
    assert read_decisions(line) == expected
    assert read_signals([(b"adPC", line), (b"dnt", b"0")]) == Signals(decisions=expected)


@pytest.mark.parametrize("line", [b"", b"consent=*", b"withdraw", b"withdraw=", b"unwithdraw=*"])
def test_nothing_else_decides(line: bytes) -> None:
    """S07: consent grants nothing, and what cannot be read takes nothing back."""
    assert read_decisions(line) is None


def test_what_is_named_prevails_over_all() -> None:
    """S07: consent by name spares from `*` and an objection, not from a name taken back."""
    decisions = read_decisions(b'withdraw="* b", object=direct-marketing, consent="a b"')
    assert decisions is not None
    assert not decisions.deny("a", "marketing.advertising")
    assert decisions.deny("b", "analytics")
    assert decisions.deny("c", "analytics")
    objects = read_decisions(b"object=direct-marketing")
    assert objects is not None
    assert objects.deny("c", "marketing.advertising")
    assert not objects.deny("c", "marketingx")
    of_the_site = read_decisions(b"withdraw=statistics")
    assert of_the_site is not None
    assert of_the_site.deny("tides/statistics", "analytics")
