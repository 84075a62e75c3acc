"""The rule of disclosure a second time: over plain rows, with dicts and sets, and no code of ours.

A row is (visitor or None, path); `rule` gives the cells that may be shown, before rounding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

Path = tuple[str, ...]
Seen = tuple[str | None, Path]
# (path, kind) -> visitors, page views.
Table = dict[tuple[Path, str], tuple[int, int]]


def rule(rows: Sequence[Seen], size: int, above: Path = ()) -> Table:
    """Every cell below `above`: values that enough visitors reach, `not given`, `other`."""
    below: dict[str | None, list[Seen]] = defaultdict(list)
    for row in rows:
        path = row[1]
        below[path[len(above)] if len(path) > len(above) else None].append(row)
    if set(below) == {None} or not below:
        return {}
    shown, rest = _parted(below, size)
    if not set(shown) - {None} and not (shown and _visitors(rest)):
        return {}
    table: Table = {}
    for part in shown:
        if part is None:
            table[above, "not given"] = _count(below[None])
        else:
            table[(*above, part), "value"] = _count(below[part])
            table |= rule(below[part], size, (*above, part))
    if _visitors(rest):
        table[above, "other"] = _count(rest)
    return table


def _parted(groups: dict[str | None, list[Seen]], size: int) -> tuple[list[str | None], list[Seen]]:
    """Which groups stand alone; what is left is `other`, which takes in the smallest while few."""
    shown = sorted(
        (part for part in groups if len(_visitors(groups[part])) >= size),
        key=lambda part: (len(_visitors(groups[part])), str(part)),
        reverse=True,
    )
    rest = [row for part, rows in groups.items() if part not in shown for row in rows]
    while 0 < len(_visitors(rest)) < size:
        if not shown:
            return [], []
        rest += groups[shown.pop()]
    return shown, rest


def _visitors(rows: Sequence[Seen]) -> set[str]:
    return {visitor for visitor, _ in rows if visitor is not None}


def _count(rows: Sequence[Seen]) -> tuple[int, int]:
    return len(_visitors(rows)), len(rows)
