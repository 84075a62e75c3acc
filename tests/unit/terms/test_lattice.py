"""Scopes and details: the lattice under everything."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.lattice import NOTHING, Scope, at_detail

from .strategies import scopes, values


@given(scopes, scopes, scopes)
def test_meet_is_a_semilattice(a: Scope, b: Scope, c: Scope) -> None:
    """M44: meet is idempotent, commutative, associative and never wider than either side."""
    assert a.meet(a) == a
    assert a.meet(b) == b.meet(a)
    assert a.meet(b).meet(c) == a.meet(b.meet(c))
    assert a.meet(b).subsumed_by(a)
    assert a.subsumed_by(b) == (a.meet(b) == a)


@given(scopes, scopes, values)
def test_generalising_twice_equals_the_meet(
    a: Scope, b: Scope, raw: dict[str, tuple[str, ...]]
) -> None:
    """M44: generalising to a and then to b equals generalising once to their meet."""
    assert b.generalise(a.generalise(raw)) == a.meet(b).generalise(raw)
    assert a.generalise(a.generalise(raw)) == a.generalise(raw)


@given(scopes, values)
def test_nothing_is_finer_than_its_level(a: Scope, raw: dict[str, tuple[str, ...]]) -> None:
    """M26: a generalised value has at most as many parts as its level, and none at level 0."""
    for name, value in a.generalise(raw).items():
        assert 1 <= len(value) <= a.level(name)
        assert raw[name][: len(value)] == value


@given(scopes)
def test_details_narrow_step_by_step(scope: Scope) -> None:
    """Each detail is within the next one, and the last is exactly what was asked."""
    steps = [at_detail(scope, detail) for detail in range(3)]
    assert steps[0] == NOTHING
    assert steps[2] == scope
    assert all(a.subsumed_by(b) for a, b in itertools.pairwise(steps))


@given(scopes, scopes, st.integers(0, 2))
def test_details_keep_the_order_of_scopes(a: Scope, b: Scope, detail: int) -> None:
    """A narrower edition is narrower at every detail."""
    assert at_detail(a.meet(b), detail).subsumed_by(at_detail(a, detail))


def test_less_detail_has_no_lasting_pseudonym() -> None:
    """Reduced, everything is at its first level, `visitor` that of a period, `user_id` none."""
    everything = Scope(tuple(a.finest for a in ATTRIBUTES.values()))
    less = at_detail(everything, 1).as_dict()
    assert less["visitor"] == 1
    assert "user_id" not in less
    assert set(less.values()) == {1}


@pytest.mark.parametrize("detail", [-1, 3, 99])
def test_an_unknown_detail_is_none(detail: int) -> None:
    """A detail that does not exist gathers nothing."""
    assert at_detail(Scope.of({"page": 2}), detail) == NOTHING


def test_levels_out_of_range_are_refused() -> None:
    """A level beyond the finest is an error, not the finest."""
    with pytest.raises(ValueError, match="page: level 4 is not 0 to 3"):
        Scope.of({"page": 4})
