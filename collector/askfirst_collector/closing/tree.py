"""One attribute's table as a tree: sections, the paths below them, and so on down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.store.disclosed import Cell, Kind
from askfirst_collector.store.facts import Leaves

from .rule import Rule

# What was answered before: a question has one figure wherever it stands.
Known = Mapping[tuple[str, Value], int | None]


def tree(
    table: str, leaves: Leaves, depth: int, rule: Rule, known: Known, prefix: Value = ()
) -> Iterator[tuple[Cell, BitMap]]:
    """The cells below `prefix` with the visitors they stand for, down to `depth` parts.

    A row cut at level n counts at levels 1 to n, and below that in a `not given` cell; `other` are
    those of every value that is not shown. Both are questions like any.
    """
    if len(prefix) >= depth:
        return
    parts: dict[str | None, dict[Value, BitMap]] = {}
    for value, visitors in leaves.items():
        part = value[len(prefix)] if len(value) > len(prefix) else None
        parts.setdefault(part, {})[value] = visitors
    rest = BitMap()
    for part in sorted(parts, key=lambda part: (part is None, part)):
        visitors = BitMap().union(*parts[part].values())
        path = prefix if part is None else (*prefix, part)
        kind: Kind = "not given" if part is None else "value"
        is_answered = part is not None and (table, path) in known
        figure = known[table, path] if is_answered else rule.figure(visitors)
        if figure is not None:
            yield Cell(table, path, kind, figure), visitors
            if part is not None:
                yield from tree(table, parts[part], depth, rule, known, path)
        elif part is not None:
            rest |= visitors
    figure = rule.figure(rest)
    if figure is not None:
        yield Cell(table, prefix, "other", figure), rest
