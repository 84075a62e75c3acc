"""A cookie or recipient declared in the file of a policy: all that stands there stays.

What comes out is read again. Where it does not say exactly what was there with the one entry more
nothing comes out, so that a spelling of TOML that is not known here cannot be broken.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Literal

from askfirst.errors import PolicyError, Problem
from askfirst.terms.policy import read_policy
from askfirst.terms.terms import Recipient

Key = Literal["cookies", "storage"]

_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


def declare_necessary(text: str, cookie: str, why: str) -> str:
    """The policy `text` (TOML) with one more `[[necessary]]` at its end.

    Raises PolicyError where the text cannot be changed so, and what to write by hand.
    """
    entry = {"cookie": cookie, "why": why}
    lines = ["[[necessary]]", *(f"{key} = {_value(value)}" for key, value in entry.items())]
    end = _newline(text)
    gap = "" if text.endswith(("\n", "\r")) or not text else end
    changed = f"{text}{gap}{end}{end.join(lines)}{end}"
    wanted = _document(text)
    wanted["necessary"] = [*wanted.get("necessary", ()), entry]
    return _checked(changed, wanted, f"[[necessary]] with cookie = {_value(cookie)}")


def declare_in_purpose(text: str, value: str, purpose: str, key: Key = "cookies") -> str:
    """The policy `text` (TOML) with one more of a purpose's `cookies` or `storage`.

    Raises PolicyError.
    """
    wanted = _document(text)
    by_hand = f"{key} = [{_value(value)}] in [purposes.{purpose}]"
    name = re.escape(purpose)
    head = re.search(
        rf"""^[ \t]*\[[ \t]*purposes[ \t]*\.[ \t]*(["']?){name}\1[ \t]*\][^\n]*\n?""",
        text,
        re.MULTILINE,
    )
    if head is None or purpose not in wanted.get("purposes", {}):
        raise _cannot(by_hand)
    table = wanted["purposes"][purpose]
    below = _TABLE.search(text, head.end())
    begin = re.compile(rf"^[ \t]*{key}[ \t]*=[ \t]*\[", re.MULTILINE)
    array = begin.search(text, head.end(), below.start() if below else len(text))
    if array is not None:
        # At the front: what stands at the end may be a comma, a comment, or several lines.
        more = f"{_value(value)}, " if table.get(key) else _value(value)
        changed = f"{text[: array.end()]}{more}{text[array.end() :]}"
    else:
        end = _newline(text)
        gap = "" if head[0].endswith("\n") else end
        line = f"{gap}{key} = [{_value(value)}]{end}"
        changed = f"{text[: head.end()]}{line}{text[head.end() :]}"
    table[key] = [value, *table.get(key, ())]
    return _checked(changed, wanted, by_hand)


def declare_recipient(text: str, recipient: Recipient, purpose: str, comment: str) -> str:
    """The policy `text` (TOML) with one more recipient of a purpose at its end, under a comment.

    Raises PolicyError.
    """
    wanted = _document(text)
    header = f"[[purposes.{purpose}.recipients]]"
    by_hand = f"{header} with name = {_value(recipient.name)}"
    if purpose not in wanted.get("purposes", {}):
        raise _cannot(by_hand)
    entry: dict[str, Any] = {
        "name": recipient.name,
        "role": recipient.role,
        "country": recipient.country,
        "hosts": list(recipient.hosts),
    }
    hosts = ", ".join(map(_value, recipient.hosts))
    lines = [f"# {comment}", header, *(f"{k} = {_value(entry[k])}" for k in ("name", "role"))]
    lines += [f"country = {_value(recipient.country)}", f"hosts = [{hosts}]"]
    end = _newline(text)
    gap = "" if text.endswith(("\n", "\r")) or not text else end
    table = wanted["purposes"][purpose]
    table["recipients"] = [*table.get("recipients", ()), entry]
    return _checked(f"{text}{gap}{end}{end.join(lines)}{end}", wanted, by_hand)


def write_whole(file: Path, text: bytes) -> None:
    """Put `text` in the place of the file, whole or not at all. Raises OSError."""
    target = file.resolve()  # a link stays one
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    with os.fdopen(handle, "wb") as fresh:
        fresh.write(text)
    shutil.copymode(target, name)
    Path(name).replace(target)


def _checked(text: str, wanted: dict[str, Any], by_hand: str) -> str:
    try:
        same = tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise _cannot(by_hand)
    read_policy(copy.deepcopy(wanted))
    return text


def _cannot(by_hand: str) -> PolicyError:
    return PolicyError([Problem("", None, f"this file is written in another way: add {by_hand}")])


def _document(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([Problem("", None, f"this file is no TOML any more: {error}")]) from None


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _value(value: str) -> str:
    # JSON's strings are TOML's too, but for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
