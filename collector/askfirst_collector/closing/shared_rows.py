"""Kept rows as they may be read by somebody: each is like enough others in all it says. Pure.

Closing lowers devices alone, since who reads a row then is its own visitor. Written out, a row is
found by its page and its hour too, so everything is lowered, the rest first and devices last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from askfirst.terms.attributes import PSEUDONYMS, Value
from askfirst_collector.store.events import Row

# What is cut, one step after the other, and to how many parts: no row goes out with its minute.
_STEPS = (
    *(("time", 2), ("time", 1), ("campaign", 1), ("action", 1), ("referrer", 1), ("page", 1)),
    *(("time", 0), ("campaign", 0), ("cookies", 0), ("referrer", 0), ("page", 0), ("action", 0)),
    *((name, 1) for name in ("ip", "browser", "os", "screen", "language")),
    *((name, 0) for name in ("language", "screen", "ip", "os", "browser")),
)

Values = Mapping[str, Value]


def shared_rows(rows: Sequence[Row], size: int) -> list[tuple[str, Values]]:
    """Type and values of each row, as fine as at least `size` of them say the same; no pseudonym.

    A row is written at the first step at which enough of those that were not written yet are like
    it; what never has so many beside it is left out. Rows are counted, as nobody knows any more
    whose they are: several may be one visitor's.
    """
    remaining = [
        (row.type, {name: value for name, value in row.values.items() if name not in PSEUDONYMS})
        for row in rows
    ]
    out: list[tuple[str, Values]] = []
    for name, parts in _STEPS:
        for _, values in remaining:
            value = values.get(name, ())[:parts]
            values.pop(name, None)
            if value:
                values[name] = value
        groups: dict[tuple[str, frozenset[tuple[str, Value]]], list[tuple[str, Values]]] = {}
        for kind, values in remaining:
            groups.setdefault((kind, frozenset(values.items())), []).append((kind, dict(values)))
        out += [row for own in groups.values() if len(own) >= size for row in own]
        remaining = [(k, dict(v)) for own in groups.values() if len(own) < size for k, v in own]
    return sorted(out, key=_content)


def _content(row: tuple[str, Values]) -> tuple[str, list[tuple[str, Value]]]:
    return row[0], sorted(row[1].items())
