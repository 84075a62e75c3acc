"""The query string by which a page says what is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode


def query(values: Mapping[str, str]) -> str:
    """A query string of the values that are not empty, with its question mark."""
    parameters = {name: value for name, value in values.items() if value}
    return f"?{urlencode(parameters)}" if parameters else ""
