"""Bridges of a graph: the edges without which it falls into more pieces (Tarjan 1974)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import count
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def cut_edges(edges: Iterable[tuple[Node, Node]]) -> Iterator[tuple[Node, Node]]:
    """The edges, as they were given, that lie on no cycle. No edge may be given twice."""
    near: dict[Node, list[tuple[Node, tuple[Node, Node]]]] = {}
    for edge in edges:
        near.setdefault(edge[0], []).append((edge[1], edge))
        near.setdefault(edge[1], []).append((edge[0], edge))
    order: dict[Node, int] = {}
    low: dict[Node, int] = {}
    number = count()
    for root in near:
        if root in order:
            continue
        order[root] = low[root] = next(number)
        # A stack of its own: a long table would exceed Python's.
        stack: list[tuple[Node, tuple[Node, Node] | None, Iterator[tuple[Node, tuple[Node, Node]]]]]
        stack = [(root, None, iter(near[root]))]
        while stack:
            node, came_by, rest = stack[-1]
            for other, edge in rest:
                if other not in order:
                    order[other] = low[other] = next(number)
                    stack.append((other, edge, iter(near[other])))
                    break
                if edge is not came_by:
                    low[node] = min(low[node], order[other])
            else:
                stack.pop()
                if came_by is not None:
                    parent = stack[-1][0]
                    low[parent] = min(low[parent], low[node])
                    if low[node] > order[parent]:
                        yield came_by
