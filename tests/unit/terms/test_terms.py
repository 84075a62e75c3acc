"""Terms and their order."""

from __future__ import annotations

import pytest
from hypothesis import given

from askfirst.terms.conflicts import subsumed_by
from askfirst.terms.lattice import Scope
from askfirst.terms.policy import shipped
from askfirst.terms.sets import Listed
from askfirst.terms.terms import BOTTOM, Recipient, Terms, meet
from askfirst.terms.uses import within

from .strategies import terms


@given(terms, terms, terms)
def test_meet_is_a_semilattice(a: Terms, b: Terms, c: Terms) -> None:
    """M44: meet of terms is idempotent, commutative and associative."""
    assert meet(a, a) == a
    assert meet(a, b) == meet(b, a)
    assert meet(meet(a, b), c) == meet(a, meet(b, c))


@given(terms, terms)
def test_the_meet_is_within_both(a: Terms, b: Terms) -> None:
    """M44: the meet conflicts with neither side, and is `a` exactly when `a` fits `b`."""
    both = meet(a, b)
    assert subsumed_by(both, a) == ()
    assert subsumed_by(both, b) == ()
    assert (subsumed_by(a, b) == ()) == (both == a)


@given(terms, terms, terms)
def test_narrowing_never_adds(a: Terms, b: Terms, c: Terms) -> None:
    """Tightening a link never adds a field: a ∧ c ⊑ b ∧ c wherever a ⊑ b."""
    assert subsumed_by(meet(meet(a, b), c), meet(b, c)) == ()


@pytest.mark.parametrize(
    ("use", "above", "expected"),
    [
        ("marketing.advertising", "marketing.advertising", True),
        ("marketing.advertising.serving", "marketing.advertising", True),
        ("marketing.advertisingx", "marketing.advertising", False),
        ("marketing", "marketing.advertising", False),
        ("", "marketing", False),
    ],
)
def test_uses_are_ordered_on_a_dot_boundary(use: str, above: str, expected: bool) -> None:
    """M31: a use is below another only where a dot says so."""
    assert within(use, above) is expected


def test_every_conflict_is_named_with_both_values() -> None:
    """M31: each dimension that goes beyond is reported: pointer, declared, allowed, advice."""
    above = shipped("minimal").purposes["statistics"].terms
    wide = Terms(
        data_use="marketing",
        scope=Scope.of({"page": 3, "ip": 3}),
        retention_days=700,
        keep_rows_days=10,
        closes="month",
        legal_basis="contract",
        sells_or_shares=True,
        minimum_age=0,
        min_cell_size=2,
        recipients=Listed(frozenset({Recipient("Ads", "third_party", "US")})),
        parameters=Listed(frozenset({("utm_source", "a")})),
        cookies=Listed(everything=True),
    )
    found = {c.pointer: (c.declared, c.allowed) for c in subsumed_by(wide, above)}
    assert found == {
        "/data_use": ("marketing", "analytics.reporting"),
        "/legal_basis": ("contract", "consent"),
        "/levels/page": (3, 1),
        "/levels/ip": (3, 0),
        "/retention_days": (700, 365),
        "/keep_rows_days": (10, 0),
        "/min_cell_size": (2, 10),
        "/closes": ("month", "day"),
        "/sells_or_shares": (True, False),
        "/recipients": ("Ads (third_party, US)", []),
        "/query_parameters": ("utm_source/a", []),
        "/cookies": ("*", []),
    }
    assert all(conflict.advice for conflict in subsumed_by(wide, above))


def test_nothing_allows_nothing() -> None:
    """BOTTOM fits everywhere, and nothing else fits BOTTOM."""
    some = shipped("minimal").purposes["statistics"].terms
    assert subsumed_by(BOTTOM, some) == ()
    assert subsumed_by(some, BOTTOM)
