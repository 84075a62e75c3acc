"""A policy's document as TOML, for people to read, change and keep beside their site.

What is empty is left out where that means the same; reading it again gives the same document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DEPTH_OF_TERMS = 2  # ("purposes", NAME)


def as_toml(document: Mapping[str, Any]) -> str:
    """The document as TOML: plain values first, then a table for each purpose, in their order."""
    # Of TOML the tables' own order is read: a list beside them would be one more to keep true.
    table = {key: value for key, value in document.items() if key != "order"}
    if order := document.get("order"):
        table["purposes"] = {name: document["purposes"][name] for name in order}
    return "\n".join(_table(table, ())).strip() + "\n"


def _table(table: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[str]:
    entries = {key: value for key, value in table.items() if value or not _may_go(value, at)}
    below = {key: value for key, value in entries.items() if _is_below(value)}
    yield from (f"{_key(key)} = {_value(entries[key])}" for key in entries if key not in below)
    for key, value in below.items():
        path = (*at, key)
        name = ".".join(map(_key, path))
        if isinstance(value, Mapping):
            lines = list(_table(value, path))
            # A table whose tables stand below it is there without a line of its own.
            if not value or lines[:1] != [""]:
                yield from ("", f"[{name}]")
            yield from lines
            continue
        for element in value:
            yield from ("", f"[[{name}]]", *_table(element, path))


def _may_go(value: object, at: tuple[str, ...]) -> bool:
    """An empty list or table says nothing in a policy and in terms; an action's says it exists."""
    in_terms = at[:1] == ("purposes",) and (
        len(at) == _DEPTH_OF_TERMS or (len(at) == _DEPTH_OF_TERMS + 1 and at[-1] == "tables")
    )
    return isinstance(value, (list, Mapping)) and (not at or in_terms)


def _is_below(value: object) -> bool:
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list) and bool(value) and all(isinstance(x, Mapping) for x in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)


def _value(value: object) -> str:
    # JSON's strings, numbers, flags and lists are TOML's too, but for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
