"""A cookie declared in the file of a policy: one line changes, and every other byte stays.

What comes out is read again. Where it does not say exactly what was there with the one cookie more
nothing comes out, so that a spelling of TOML that is not known here cannot be broken.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from typing import Any

from askfirst.errors import PolicyError, Problem
from askfirst.terms.policy import read_policy

_ARRAY = re.compile(r"^[ \t]*cookies[ \t]*=[ \t]*\[", re.MULTILINE)
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


def declare_in_purpose(text: str, cookie: str, purpose: str) -> str:
    """The policy `text` (TOML) with one more of the `cookies` of a purpose; raises PolicyError."""
    wanted = _document(text)
    by_hand = f"cookies = [{_value(cookie)}] in [purposes.{purpose}]"
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
    array = _ARRAY.search(text, head.end(), below.start() if below else len(text))
    if array is not None:
        # At the front: what stands at the end may be a comma, a comment, or several lines.
        more = f"{_value(cookie)}, " if table.get("cookies") else _value(cookie)
        changed = f"{text[: array.end()]}{more}{text[array.end() :]}"
    else:
        end = _newline(text)
        gap = "" if head[0].endswith("\n") else end
        line = f"{gap}cookies = [{_value(cookie)}]{end}"
        changed = f"{text[: head.end()]}{line}{text[head.end() :]}"
    table["cookies"] = [cookie, *table.get("cookies", ())]
    return _checked(changed, wanted, by_hand)


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
