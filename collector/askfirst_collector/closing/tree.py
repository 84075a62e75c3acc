"""One attribute's table as a tree: sections, the paths below them, and so on down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.store.disclosed import Cell, Kind
from askfirst_collector.store.events import StoreUnavailable
from askfirst_collector.store.facts import Leaves, Sizes

from .rule import Rule

# What was answered before: a question has one figure wherever it stands.
Known = Mapping[tuple[str, Value], int | None]


NO_SIZES: Sizes = MappingProxyType({})


def tree(
    table: str,
    leaves: Leaves,
    depth: int,
    rule: Rule,
    known: Known,
    prefix: Value = (),
    *,
    sizes: Sizes = NO_SIZES,
) -> Iterator[tuple[Cell, BitMap | None]]:
    """The cells below `prefix` with the visitors they stand for, down to `depth` parts.

    Where `sizes` says how many they are, it may be unknown who: None. Of few it has to be known.

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
        shared = sizes.get((len(prefix) + 1, path)) or rule.shared(visitors)
        is_known = shared.visitors == len(visitors)
        figure = known[table, path] if is_answered else rule.figure_of(*shared)
        if figure is not None:
            yield Cell(table, path, kind, figure), visitors if is_known else None
            if part is not None:
                yield from tree(table, parts[part], depth, rule, known, path, sizes=sizes)
        elif part is not None:
            if not is_known:  # by a draw as it hardly ever is
                raise StoreUnavailable("who shares a value is not known: the period is asked again")
            rest |= visitors
    figure = rule.figure(rest)
    if figure is not None:
        yield Cell(table, prefix, "other", figure), rest
