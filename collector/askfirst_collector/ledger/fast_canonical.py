"""What `askfirst.terms.canonical` writes, by a faster way wherever both are sure to agree.

orjson takes fractions and a few types more, and orders keys by code points. Of plain values in
ASCII there is one form; all else is written, or refused, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from askfirst.terms.canonical import canonical

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_SCALARS = frozenset({str, int, bool, type(None)})


def fast_canonical(value: Mapping[str, object]) -> bytes:
    """The same bytes, or the same ValueError."""
    if _are_plain(value.values()):
        try:
            text = orjson.dumps(value, option=_OPTIONS)
        except orjson.JSONEncodeError:
            return canonical(value)
        if text.isascii():
            return text
    return canonical(value)


def _are_plain(values: Iterable[object]) -> bool:
    for value in values:
        if type(value) in _SCALARS:
            continue
        if isinstance(value, dict):
            value = value.values()
        elif not isinstance(value, (list, tuple)):
            return False
        if not _are_plain(value):
            return False
    return True
