"""The languages that the shipped words are in: one file each beside the built script."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def shipped_languages() -> frozenset[str]:
    """Their BCP 47 tags, in lower case."""
    folder = resources.files("askfirst") / "static" / "words"
    names = (entry.name for entry in folder.iterdir())
    return frozenset(name.removesuffix(".json") for name in names if name.endswith(".json"))
