"""The languages that the shipped words are in: one file each beside the built script."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources


@cache
def shipped_languages() -> frozenset[str]:
    """Their BCP 47 tags, in lower case."""
    folder = resources.files("askfirst") / "static" / "words"
    names = (entry.name for entry in folder.iterdir())
    return frozenset(name.removesuffix(".json") for name in names if name.endswith(".json"))


def nearest(lang: str, tags: Iterable[str]) -> str | None:
    """Of some language tags this one, else the first with its primary language (BCP 47)."""
    tags = tuple(tags)
    primary = lang.partition("-")[0].lower()
    near = (tag for tag in tags if tag.partition("-")[0] == primary)
    return lang if lang in tags else next(near, None)
