"""The query string by which a page says what is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote_plus


def query(values: Mapping[str, str]) -> str:
    """A query string of the values that are not empty, with its question mark."""
    pairs = [f"{_quoted(name)}={_quoted(value)}" for name, value in values.items() if value]
    return f"?{'&'.join(pairs)}" if pairs else ""


@lru_cache(maxsize=256)
def _quoted(text: str) -> str:
    # A page has a hundred links, and they say mostly the same.
    return quote_plus(text)
