"""Kept rows: blanked, lowered until no device stands out, put in content order. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from askfirst.terms.attributes import OTHER, PSEUDONYMS, Value
from askfirst_collector.store.events import Row

# What tells one device from another, together.
COMBINED = ("ip", "browser", "os", "screen", "language")
# The other attributes with strings. What a list allows may still be joined into what one visitor
# alone has: 64 declared cookies are 64 bits, and so are 16 properties of 16 values.
STRINGS = ("page", "referrer", "campaign", "cookies", "action")

Combination = tuple[Value, ...]
# How fine a receipt's combination was when its rows were last kept.
Caps = Mapping[bytes, Mapping[str, int]]


def k_anonymise(
    rows: Sequence[Row], size: int, *, lasting: Collection[bytes], caps: Caps
) -> list[Row]:
    """The rows of a period that are kept, as they are kept; none where fewer than `size` would be.

    `lasting` are the pseudonyms that visitors agreed to for longer than the period: all others
    are blanked. A visitor under one of them gets no finer than in `caps`.
    """
    reached = _reached(rows, size)
    coarse_rows = [
        replace(row, values=_capped(_known(row.values, reached), caps.get(row.pseudonym or b"")))
        for row in rows
        if row.keep_rows_days > 0 and row.type != "drop"
    ]
    shared = _shared(coarse_rows, size)
    kept_rows = (row if row.pseudonym in lasting else _blanked(row) for row in shared)
    return sorted(kept_rows, key=_content)


def _blanked(row: Row) -> Row:
    # The number of an account as well: its visitor's erasure finds the row no more.
    values = {name: value for name, value in row.values.items() if name not in PSEUDONYMS}
    return replace(row, values=values, pseudonym=None)


def caps_of(rows: Iterable[Row]) -> dict[bytes, dict[str, int]]:
    """How fine the combination of each receipt is in rows that were kept before."""
    caps: dict[bytes, dict[str, int]] = {}
    for row in rows:
        own = caps.setdefault(row.pseudonym or b"", {})
        for name in COMBINED:
            level = len(row.values.get(name, ()))
            own[name] = min(level, own.get(name, level))
    return caps


def _reached(rows: Iterable[Row], size: int) -> set[tuple[str, Value]]:
    visitors: dict[tuple[str, Value], set[bytes]] = {}
    for row in rows:
        for name in STRINGS:
            value = row.values.get(name, ())
            for level in range(1, len(value) + 1):
                pseudonyms = visitors.setdefault((name, value[:level]), set())
                if row.pseudonym:
                    pseudonyms.add(row.pseudonym)
    return {prefix for prefix, pseudonyms in visitors.items() if len(pseudonyms) >= size}


def _known(values: Mapping[str, Value], reached: Collection[tuple[str, Value]]) -> dict[str, Value]:
    cut = dict(values)
    for name in STRINGS:
        value = values.get(name, ())
        level = 0
        while level < len(value) and (name, value[: level + 1]) in reached:
            level += 1
        if level < len(value):
            cut[name] = (*value[:level], OTHER)
    return cut


def _capped(values: dict[str, Value], cap: Mapping[str, int] | None) -> dict[str, Value]:
    if cap is None:
        return values
    return {name: value[: cap.get(name, len(value))] for name, value in values.items()}


def _shared(rows: Sequence[Row], size: int) -> list[Row]:
    """Lower rows, finest part of the attribute with most values first, until each is shared."""
    groups: dict[Combination, list[Row]] = {}
    _add(groups, rows)
    while rare := [combination for combination, own in groups.items() if _visitors(own) < size]:
        if not any(any(combination) for combination in rare):
            # Lowered to nothing and still too few: the next smallest goes the same way.
            rest = [combination for combination in groups if any(combination)]
            if not rest:
                return []
            smallest = min(
                rest, key=lambda combination: (_visitors(groups[combination]), combination)
            )
            _add(groups, [_without(row) for row in groups.pop(smallest)])
            continue
        place = max(
            range(len(COMBINED)),
            key=lambda at: len({combination[at] for combination in rare if combination[at]}),
        )
        finest = max(len(combination[place]) for combination in rare)
        for combination in [
            combination for combination in rare if len(combination[place]) == finest
        ]:
            _add(
                groups, [_cut(row, COMBINED[place], finest - 1) for row in groups.pop(combination)]
            )
    return [row for own in groups.values() for row in own]


def _add(groups: dict[Combination, list[Row]], rows: Iterable[Row]) -> None:
    for row in rows:
        combination = tuple(row.values.get(name, ()) for name in COMBINED)
        groups.setdefault(combination, []).append(row)


def _visitors(rows: Iterable[Row]) -> int:
    return len({row.pseudonym for row in rows if row.pseudonym})


def _cut(row: Row, name: str, level: int) -> Row:
    values = {**row.values, name: row.values.get(name, ())[:level]}
    return replace(row, values={key: value for key, value in values.items() if value})


def _without(row: Row) -> Row:
    values = {name: value for name, value in row.values.items() if name not in COMBINED}
    return replace(row, values=values)


def _content(row: Row) -> tuple[Any, ...]:
    # With whose it is, or rows that are alike would stand in the order in which they were read.
    values = tuple(sorted(row.values.items()))
    limits = row.min_cell_size, row.retention_days, row.keep_rows_days
    return (row.type, values, *limits, row.is_sized, row.pseudonym or b"")
