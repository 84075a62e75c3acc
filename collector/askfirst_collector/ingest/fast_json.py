"""What `strict_json` reads, by a faster way wherever both are sure to agree.

orjson takes a key twice (the last counts), any depth and any number. Without an escape, every two
quotes of a body are one text: where as many texts were read, no key stood twice. What is not as
plain as bodies of our own script, and whatever orjson refuses, is read as everywhere.
"""

from __future__ import annotations

from typing import Any

import orjson

from askfirst.contracts import strict_json
from askfirst.contracts.limits import DEPTH


def read_json(data: bytes) -> Any:
    """`strict_json.read_json`: the same value, or the same Refused."""
    if b"\\" not in data:
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            return strict_json.read_json(data)
        if 2 * _texts(value, 0) == data.count(b'"'):
            return value
    return strict_json.read_json(data)


def _texts(value: object, depth: int) -> int:
    """How many texts a value has, keys among them; far too few where it is not plain."""
    if isinstance(value, str):
        return 1
    if isinstance(value, float):
        return _NOT_PLAIN
    if not isinstance(value, (dict, list)):
        return 0
    if depth == DEPTH:
        return _NOT_PLAIN
    texts = 0
    if isinstance(value, dict):
        texts = len(value)
        value = value.values()
    for item in value:
        # Nearly all there is.
        if type(item) is str:
            texts += 1
        else:
            texts += _texts(item, depth + 1)
    return texts


_NOT_PLAIN = -(10**9)
