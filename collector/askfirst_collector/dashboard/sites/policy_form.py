"""A site's policy as fields, and back. What has no field stays as it is in the document beside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from askfirst.errors import PolicyError, Problem
from askfirst.terms.attributes import ATTRIBUTES
from askfirst_collector.dashboard.layout.problems import level_name, level_says

Document = Mapping[str, Any]
Form = Mapping[str, str]
CONTROLLER = ("name", "contact", "country", "address")
NUMBERS = (
    ("retention_days", "Days figures are kept"),
    ("keep_rows_days", "Days single visits are kept"),
    ("min_cell_size", "Smallest figure, visitors"),
    ("minimum_age", "Minimum age"),
)
RECIPIENT = ("name", "role", "country", "hosts")
MOST_TEXTS = 1_000  # purposes by languages: more fields than these have are in no form
# What stands in the policy and has no field, in words.
_BESIDE = {
    "query_parameters": "parts of addresses",
    "actions": "actions",
    "cookies": "cookies",
    "storage": "keys of browser storage",
    "pairs": "pairs",
    "goals": "goals",
    "funnels": "funnels",
}
TOO_MANY = "write fewer languages, or write the policy as TOML: a form is of fewer texts than these"
_NEW = {
    "legal_basis": "consent",
    "closes": "day",
    "retention_days": 365,
    "keep_rows_days": 0,
    "min_cell_size": 5,
    "minimum_age": 0,
}
# Of TOML: what a string may hold is no comment.
_STRINGS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL
)


@dataclass(frozen=True)
class Level:
    """One attribute of a purpose: its field, its value, and what may be chosen."""

    field: str
    label: str
    value: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PurposeFields:
    """One purpose: where its fields begin, its levels, and what is kept beside them in words."""

    name: str
    data_use: str
    at: str
    levels: tuple[Level, ...]
    recipients: tuple[str, ...]  # where the fields of each begin, an empty one last
    beside: str
    is_new: bool = False


def has_comments(text: str) -> bool:
    """Whether a TOML says something that no field of a form, and no edition, could keep."""
    return "#" in _STRINGS.sub("", text)


def fields_of(document: Document) -> dict[str, str]:
    """Every field of a form, by its name."""
    controller = document.get("controller", {})
    fields = {
        "origins": "\n".join(document.get("origins", ())),
        "languages": " ".join(document.get("languages", ())),
        "jurisdiction": str(document.get("jurisdiction", "")),
        "time_zone": str(document.get("time_zone", "UTC")),
        "evidence_days": str(document.get("evidence_days", 1095)),
        **{f"controller.{key}": str(controller.get(key, "")) for key in CONTROLLER},
        **({"count_refusals": "1"} if document.get("count_refusals") else {}),
    }
    for name, purpose in document.get("purposes", {}).items():
        fields |= dict(_fields_of_purpose(f"p.{name}.", purpose))
    return fields


def _fields_of_purpose(at: str, purpose: Document) -> Iterator[tuple[str, str]]:
    yield f"{at}on", "1"
    yield f"{at}data_use", str(purpose.get("data_use", ""))
    yield f"{at}closes", str(purpose.get("closes", "day"))
    if purpose.get("sells_or_shares"):
        yield f"{at}sells_or_shares", "1"
    levels = purpose.get("levels", {})
    yield from ((f"{at}level.{key}", str(levels.get(key, 0))) for key in ATTRIBUTES)
    yield from ((f"{at}{key}", str(purpose.get(key, _NEW[key]))) for key, _ in NUMBERS)
    for number, recipient in enumerate(purpose.get("recipients", ())):
        for key in RECIPIENT:
            value = recipient.get(key, "")
            text = " ".join(value) if isinstance(value, list) else str(value)
            yield f"{at}recipient.{number}.{key}", text
    for language, words in purpose.get("text", {}).items():
        yield f"{at}title.{language}", str(words.get("title", ""))
        yield f"{at}description.{language}", str(words.get("description", ""))


def document_of(form: Form, base: Document) -> dict[str, Any]:
    """The document that a form describes; what has no field stays as in `base`."""
    document: dict[str, Any] = deepcopy(dict(base))
    languages = _languages(form)
    document |= {
        "origins": [line.strip() for line in form.get("origins", "").split() if line.strip()],
        "languages": languages,
        "jurisdiction": form.get("jurisdiction", "").strip(),
        "time_zone": form.get("time_zone", "").strip(),
        "evidence_days": _number(form.get("evidence_days", "")),
        "count_refusals": "count_refusals" in form,
    }
    controller = {**document.get("controller", {})}
    for key in CONTROLLER:
        text = form.get(f"controller.{key}", "").strip()
        controller = {k: v for k, v in controller.items() if k != key} | (
            {key: text} if text else {}
        )
    document["controller"] = controller
    names = [name for name in document.get("purposes", {}) if f"p.{name}.on" in form]
    purposes = {
        name: _purpose(form, f"p.{name}.", document["purposes"][name], languages) for name in names
    }
    name = form.get("new.name", "").strip()
    if form.get("do") == "add" and name and name not in purposes:
        new = {"data_use": form.get("new.use", "").strip(), "levels": {}, **_NEW}
        purposes[name] = new
        document["order"] = [*document.get("order", names), name]
    document["purposes"] = purposes
    if "words" in document:
        document["words"] = {tag: own for tag, own in document["words"].items() if tag in languages}
    if "order" in document:
        document["order"] = [name for name in document["order"] if name in purposes]
    return document


def _languages(form: Form) -> list[str]:
    return form.get("languages", "").replace(",", " ").split()


def _purpose(form: Form, at: str, before: Document, languages: list[str]) -> dict[str, Any]:
    purpose: dict[str, Any] = deepcopy(dict(before))
    purpose.pop("sells_or_shares", None)  # unticked, it follows from use and recipients
    if f"{at}sells_or_shares" in form:
        purpose["sells_or_shares"] = True
    purpose |= {
        "data_use": form.get(f"{at}data_use", "").strip(),
        "closes": form.get(f"{at}closes", ""),
        "levels": {key: _number(form.get(f"{at}level.{key}", "0")) for key in ATTRIBUTES},
        **{key: _number(form.get(f"{at}{key}", "")) for key, _ in NUMBERS},
        "text": {
            language: {
                **before.get("text", {}).get(language, {}),
                "title": form.get(f"{at}title.{language}", "").strip(),
                "description": form.get(f"{at}description.{language}", "").strip(),
            }
            for language in languages
        },
        "recipients": list(_recipients(form, at, before.get("recipients", ()))),
    }
    return purpose


def _recipients(form: Form, at: str, before: Any) -> Iterator[dict[str, Any]]:
    for number in range(len(before) + 1):
        field = f"{at}recipient.{number}."
        name = form.get(f"{field}name", "").strip()
        if not name:
            continue  # emptied: it receives nothing any more
        old = dict(before[number]) if number < len(before) else {}
        hosts = form.get(f"{field}hosts", "").replace(",", " ").split()
        recipient = {
            **{key: value for key, value in old.items() if key != "hosts"},
            "name": name,
            "role": form.get(f"{field}role", "processor"),
            "country": form.get(f"{field}country", "").strip().upper(),
        }
        yield {**recipient, "hosts": hosts} if hosts or "hosts" in old else recipient


def purposes_of(document: Document, form: Form) -> tuple[PurposeFields, ...]:
    """The purposes of a document as groups of fields."""
    return tuple(
        PurposeFields(
            name,
            str(purpose.get("data_use", "")),
            at := f"p.{name}.",
            tuple(_level(at, key, form) for key in ATTRIBUTES),
            tuple(
                f"{at}recipient.{number}."
                for number in range(len(purpose.get("recipients", ())) + 1)
            ),
            _beside(purpose),
            "text" not in purpose,
        )
        for name, purpose in document.get("purposes", {}).items()
    )


def _level(at: str, attribute: str, form: Form) -> Level:
    field = f"{at}level.{attribute}"
    finest = ATTRIBUTES[attribute].finest
    options = tuple((str(n), f"{n}  {level_says(attribute, n)}") for n in range(finest + 1))
    return Level(field, level_name(attribute), form.get(field, "0"), options)


def _beside(purpose: Document) -> str:
    tables = purpose.get("tables", {})
    counts = {key: len(purpose.get(key) or tables.get(key) or ()) for key in _BESIDE}
    return ", ".join(f"{count} {_BESIDE[key]}" for key, count in counts.items() if count)


def field_of(pointer: str) -> str:
    """The field in which something is wrong; "" where it has none."""
    path = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    match path:
        case ["origins" | "languages" | "jurisdiction" | "time_zone" | "evidence_days" as key, *_]:
            return key
        case ["controller", key]:
            return f"controller.{key}"
        case ["purposes", name, "levels", attribute]:
            return f"p.{name}.level.{attribute}"
        case ["purposes", name, "text", language, key]:
            return f"p.{name}.{key}.{language}"
        case ["purposes", name, "recipients", number, key]:
            return f"p.{name}.recipient.{number}.{key}"
        case ["purposes", name, "data_use" | "closes" as key]:
            return f"p.{name}.{key}"
        case ["purposes", name, key] if key in dict(NUMBERS):
            return f"p.{name}.{key}"
    return ""


def read_base(form: Form) -> dict[str, Any]:
    """What the fields were made of. PolicyError for whatever else somebody sends."""
    try:
        document: dict[str, Any] = json.loads(form.get("base", ""))
        # Each purpose gets words in each language: a few bytes would be gigabytes.
        count = max(len(_languages(form)), len(document.get("languages", ())))
        if count * len(document.get("purposes", ())) > MOST_TEXTS:
            raise PolicyError([Problem("/languages", count, TOO_MANY)])
        purposes_of(document, fields_of(document_of(fields_of(document), document)))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        message = "open the page again: the form is not whole"
        raise PolicyError([Problem("", None, message)]) from None
    return document


def is_whole(form: Form) -> bool:
    """Whether a form carries what its fields were made of."""
    try:
        return not form or bool(read_base(form))
    except PolicyError:
        return False


def refilled(form: Form, document: Document) -> dict[str, str]:
    """A form with the fields of another document."""
    return {**beside_policy(form), **fields_of(document), "base": json.dumps(document)}


def beside_policy(form: Form) -> dict[str, str]:
    """What of a form is not the policy: when it takes effect, and what it was begun from."""
    return {key: form[key] for key in ("when", "date", "time", "from", "expected") if key in form}


def _number(text: str) -> Any:
    """A number as one; anything else as it is typed, for the policy's reader to refuse."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text
