"""What a visitor answered, read from JSON or from a form into one shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args
from urllib.parse import parse_qsl

from ..client import Method
from ..errors import Refused
from .headers import Headers, first, values
from .strict_json import BROKEN, decode, read_json

VERSION = 1
METHODS = tuple(method for method in get_args(Method) if method != "rollback")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MOST_FIELDS = 200
_PURPOSE = "purpose."
_SHORT = re.compile(r"[\x20-\x7e]{0,100}")
_KEYS = frozenset({"v", "edition", "lang", "method", "choices", "adult"})
_FIELDS = frozenset({"v", "edition", "lang", "method", "adult", "return_to"})


@dataclass(frozen=True)
class VisitorAnswer:
    """One answer, its shape checked, its meaning not yet; `return_to` only from a form."""

    method: Method
    edition: str
    lang: str
    choices: Mapping[str, int]
    adult: bool
    return_to: str | None = None


def media_type(headers: Headers) -> str:
    """`FORM` or `JSON`; refuses every other type, every other charset and every coding."""
    for coding in values(headers, b"content-encoding"):
        if coding.lower() not in (b"", b"identity"):
            raise Refused("encoded-body", "send the body without a content coding")
    kind, *parameters = (first(headers, b"content-type") or b"").decode("latin-1").split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' \t"').lower() != "utf-8":
            raise Refused("unsupported-media-type", "send UTF-8")
    if kind.strip().lower() not in (FORM, JSON):
        raise Refused("unsupported-media-type", f"send {JSON} or {FORM}")
    return kind.strip().lower()


def read_answer(kind: str, data: bytes) -> VisitorAnswer:
    """Read a body of this media type."""
    return _from_form(read_form(data)) if kind == FORM else _from_json(read_json(data))


def read_form(data: bytes) -> dict[str, str]:
    """The fields of a form; refuses bad UTF-8, a field twice, NUL, too many."""
    try:
        pairs = parse_qsl(
            decode(data),
            keep_blank_values=True,
            strict_parsing=bool(data),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except UnicodeDecodeError:
        raise Refused("not-utf-8", "send UTF-8") from None
    except ValueError:
        raise Refused("bad-form", f"send at most {MOST_FIELDS} fields, name=value") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused("duplicate-key", "send each field once")
    if any(BROKEN.search(part) for pair in pairs for part in pair):
        raise Refused("bad-shape", "send fields without NUL")
    return fields


def _from_json(value: object) -> VisitorAnswer:
    if not isinstance(value, dict):
        raise Refused("bad-shape", "send an object")
    if unknown := value.keys() - _KEYS:
        raise Refused(
            "unknown-field", f"{len(unknown)} of these keys are not known; send {_names()}"
        )
    if isinstance(value.get("v"), bool) or value.get("v") != VERSION:
        raise Refused("unknown-version", f'send "v": {VERSION}')
    choices = value.get("choices", {})
    if not isinstance(choices, dict) or not all(map(_is_detail, choices.values())):
        raise Refused("bad-shape", 'send "choices" as {purpose: 0, 1, 2 or 3}')
    adult = value.get("adult", False)
    if not isinstance(adult, bool):
        raise Refused("bad-shape", 'send "adult": true, or leave it out')
    method = _method(value.get("method"))
    edition, lang = _short(value, "edition"), _short(value, "lang")
    return VisitorAnswer(method, edition, lang, choices, adult)


def _names() -> str:
    return ", ".join(sorted(_KEYS))


def _is_detail(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 3


def _short(value: Mapping[str, object], key: str) -> str:
    found = value.get(key, "")
    if not isinstance(found, str) or not _SHORT.fullmatch(found):
        raise Refused("bad-shape", f'send "{key}" as a short string')
    return found


def _method(found: object) -> Method:
    if not isinstance(found, str) or found not in METHODS:
        raise Refused("bad-shape", f'send "method" as one of {", ".join(METHODS)}')
    return cast(Method, found)


def _from_form(fields: Mapping[str, str]) -> VisitorAnswer:
    chosen = {k.removeprefix(_PURPOSE): v for k, v in fields.items() if k.startswith(_PURPOSE)}
    if fields.keys() - _FIELDS - {_PURPOSE + name for name in chosen}:
        raise Refused("unknown-field", f"send only {', '.join(sorted(_FIELDS))}, {_PURPOSE}NAME")
    if fields.get("v", str(VERSION)) != str(VERSION):
        raise Refused("unknown-version", f"send v={VERSION}")
    if any(value not in ("0", "1", "2", "3") for value in chosen.values()):
        raise Refused("bad-shape", f"send {_PURPOSE}NAME as 0, 1, 2 or 3")
    method = _method(fields.get("method"))
    return VisitorAnswer(
        method,
        _short(fields, "edition"),
        _short(fields, "lang"),
        _as_pressed(method, {name: int(value) for name, value in chosen.items()}),
        fields.get("adult", "") in ("1", "true", "on"),
        fields.get("return_to"),
    )


def _as_pressed(method: Method, chosen: Mapping[str, int]) -> Mapping[str, int]:
    # A form sends all its fields whichever button is pressed; the button says what counts.
    if method == "accept_all":
        return dict.fromkeys(chosen, 3)
    return chosen if method == "save" else {}
