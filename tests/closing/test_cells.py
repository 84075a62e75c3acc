"""The one rule by which groups are shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from askfirst_collector.closing.cells import Group, show

SIZE = 5
groups_of = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=2),
    st.builds(Group, st.sets(st.integers(0, 30), max_size=12), st.integers(0, 40)),
    max_size=8,
)


def _group(*visitors: int, views: int = 0) -> Group:
    return Group(set(visitors), views)


@given(groups_of)
def test_no_shown_group_and_no_rest_is_under_the_size(groups: dict[str, Group]) -> None:
    """M27: what is shown has enough visitors; so has what is hidden, or nobody is in it."""
    shown, other = show(groups, SIZE)
    assert all(len(group.visitors) >= SIZE for group in shown.values())
    hidden = set().union(*(g.visitors for key, g in groups.items() if key not in shown))
    if shown:
        assert other.visitors == hidden
        assert not hidden or len(hidden) >= SIZE
    assert not other.visitors or len(other.visitors) >= SIZE


@given(groups_of)
def test_nothing_is_hidden_without_need(groups: dict[str, Group]) -> None:
    """Where the small groups make a rest of the size, or there are none, all others are shown."""
    large = {key for key, group in groups.items() if len(group.visitors) >= SIZE}
    rest = set().union(*(g.visitors for key, g in groups.items() if key not in large))
    shown, _ = show(groups, SIZE)
    if not rest or len(rest) >= SIZE:
        assert set(shown) == large


def test_the_smallest_shown_group_joins_a_rest_that_is_too_small() -> None:
    """M27: one visitor left over would be what is left when the shown cells are subtracted."""
    groups = {"a": _group(*range(20)), "b": _group(*range(20, 27)), "c": _group(99)}
    shown, other = show(groups, SIZE)
    assert set(shown) == {"a"}
    assert other.visitors == {*range(20, 27), 99}


def test_the_rest_counts_each_visitor_once() -> None:
    """One visitor on five rare pages is one visitor: `other` is recounted, not added up."""
    groups = {"a": _group(*range(10, 30))} | {page: _group(1, views=3) for page in "vwxyz"}
    shown, other = show(groups, SIZE)
    assert not shown
    assert len(other.visitors) == 21


def test_rows_without_a_pseudonym_only_add_views() -> None:
    """They make no cell, hide no cell, and count in the cells that are there."""
    groups = {"a": _group(*range(10), views=17), "b": _group(views=4)}
    shown, other = show(groups, SIZE)
    assert set(shown) == {"a"}
    assert not other.visitors
