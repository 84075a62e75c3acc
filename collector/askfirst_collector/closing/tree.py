"""One attribute's table as a tree: sections, the paths below them, and so on down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from askfirst.terms.attributes import Value
from askfirst_collector.store.disclosed import Cell, Kind

from .cells import Group, show

# The groups of a table: rows by their value, which may have been cut at any level.
Leaves = Mapping[Value, Group]


def tree(table: str, leaves: Leaves, size: int, prefix: Value = ()) -> Iterator[tuple[Cell, Group]]:
    """The cells below `prefix` with the groups they stand for, each level under the one rule.

    A row cut at level n counts at levels 1 to n, and below that in a `not given` cell. What
    only repeats its whole (a lone `other`, a lone `not given`) is left out.
    """
    parts: dict[str | None, dict[Value, Group]] = {}
    for value, group in leaves.items():
        part = value[len(prefix)] if len(value) > len(prefix) else None
        parts.setdefault(part, {})[value] = group
    if set(parts) <= {None}:
        return
    shown, other = show({part: _whole(below) for part, below in parts.items()}, size)
    if set(shown) <= {None} and not (shown and other.visitors):
        return
    for part in sorted(shown, key=lambda part: (part is None, part)):
        group = shown[part]
        if part is None:
            yield _cell(table, prefix, "not given", group), group
        else:
            yield _cell(table, (*prefix, part), "value", group), group
            yield from tree(table, parts[part], size, (*prefix, part))
    if other.visitors:
        yield _cell(table, prefix, "other", other), other


def _whole(leaves: Leaves) -> Group:
    whole = Group()
    for group in leaves.values():
        whole.add(group)
    return whole


def _cell(table: str, path: Value, kind: Kind, group: Group) -> Cell:
    return Cell(table, path, kind, len(group.visitors), group.views)
