"""Rows as ClickHouse has them, and back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from askfirst.terms.attributes import Value
from askfirst_collector.store.dictionary import time_number, time_value
from askfirst_collector.store.events import TYPES, Row
from askfirst_collector.store.schema import DIMENSIONS

from .schema import END

_NUMBERS = {name: number for number, name in enumerate(TYPES)}
# In a text always before a digit.
ESCAPE = "\x10"
_ESCAPED = {ESCAPE: f"{ESCAPE}0", END: f"{ESCAPE}1"}


@lru_cache(maxsize=65_536)
def text_of(value: Value) -> str:
    """A value as one text: '' for none."""
    return "".join(f"{_escaped(part)}{END}" for part in value)


def value_of(text: str) -> Value:
    """The inverse of `text_of`."""
    parts = tuple(text.split(END)[:-1])
    return tuple(map(_plain, parts)) if ESCAPE in text else parts


def _escaped(part: str) -> str:
    if ESCAPE in part or END in part:
        for character, escape in _ESCAPED.items():
            part = part.replace(character, escape)
    return part


def _plain(part: str) -> str:
    for character, escape in reversed(_ESCAPED.items()):
        part = part.replace(escape, character)
    return part


def fields_of(row: Row, is_kept: bool) -> tuple[object, ...]:
    """A row in the order of `COLUMNS`."""
    time = row.values.get("time", ())
    values = row.values
    return (
        row.site,
        row.collector,
        row.purpose,
        row.closes,
        row.period,
        int(is_kept),
        row.pseudonym or b"",
        _NUMBERS[row.type],
        row.min_cell_size,
        row.retention_days,
        row.keep_rows_days,
        int(row.is_sized),
        time_number(time) or 0,
        len(time),
        *[text_of(values.get(name, ())) for name in DIMENSIONS],
    )


def row_of(fields: Sequence[object]) -> Row:
    """The inverse of `fields_of`, but for who counts towards a size."""
    site, collector, purpose, closes, period, _, visitor, type_ = fields[:8]
    cell, retention, keep, _, time, level, *texts = fields[8:]
    values = {"time": time_value(time if level else None, level)}  # type: ignore[arg-type]
    values |= {name: value_of(str(text)) for name, text in zip(DIMENSIONS, texts, strict=True)}
    return Row(
        str(site),
        str(collector),
        str(purpose),
        str(closes),
        str(period),
        TYPES[int(str(type_))],
        {name: value for name, value in values.items() if value},
        visitor or None,  # type: ignore[arg-type]
        cell,  # type: ignore[arg-type]
        retention,  # type: ignore[arg-type]
        keep,  # type: ignore[arg-type]
    )
