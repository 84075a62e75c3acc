"""Bridges of a graph."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from askfirst_collector.closing.cut_edges import cut_edges

Edge = tuple[int, int]


def _pieces(edges: set[Edge]) -> int:
    nodes = {node for edge in edges for node in edge}
    home = {node: node for node in nodes}

    def root(node: object) -> object:
        while home[node] != node:
            node = home[node]
        return node

    for a, b in edges:
        home[root(a)] = root(b)
    return len({root(node) for node in nodes})


@given(st.sets(st.tuples(st.integers(0, 5), st.integers(10, 15)), max_size=20))
def test_a_bridge_is_an_edge_whose_loss_makes_more_pieces(edges: set[Edge]) -> None:
    """The edges found are those that a search by removing each one finds."""
    nodes = {(node, node) for edge in edges for node in edge}
    by_removal = {e for e in edges if _pieces((edges | nodes) - {e}) > _pieces(edges | nodes)}
    assert set(cut_edges(edges)) == by_removal
