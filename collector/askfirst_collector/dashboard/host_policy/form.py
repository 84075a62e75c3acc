"""The host policy as a table of fields, and back: a host policy's document, use by use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.purpose import LONGEST_RETENTION
from askfirst.terms.sets import ANY_WORD
from askfirst.terms.terms import CLOSES
from askfirst_collector.dashboard.layout.problems import level_name, level_says

Document = Mapping[str, Any]
EVERY = "*"  # in place of a use, in the name of a field: no use is called so
# Days and sizes of a use: key, name, least, most.
NUMBERS = (
    ("retention_days", "Days kept", 1, LONGEST_RETENTION),
    ("keep_rows_days", "Days rows are kept", 0, LONGEST_RETENTION),
    ("min_cell_size", "Smallest figure, visitors", 2, 1000),
    ("minimum_age", "Minimum age", 0, 21),
)
# What a use may name: anything, nothing, or the list that the document has.
LISTS = (
    ("recipients", "Recipients"),
    ("query_parameters", "Parts of addresses"),
    ("actions", "Actions"),
    ("cookies", "Cookies"),
    ("storage", "Browser storage"),
    ("tables", "Pairs, goals, funnels"),
)
# Those of which a host may allow any value, beside every list.
_OPEN = ("query_parameters", "actions")
HOST_NUMBERS = (
    ("consent_days", "Consent lasts, days at most", 90, 365),
    ("evidence_days", "Evidence is kept, days at most", 365, 3650),
)


@dataclass(frozen=True)
class Cell:
    """One field of the table: its name in the form, its value, and what may be chosen."""

    name: str
    label: str
    value: str
    options: tuple[tuple[str, str], ...] = ()  # value and words; none: a number
    least: int = 0
    most: int = 0
    slides: bool = False
    pointer: str = ""

    @property
    def said(self) -> str:
        """The value in words."""
        return dict(self.options).get(self.value, self.value)


@dataclass(frozen=True)
class Line:
    """One row of the table: a cell for each use."""

    title: str
    cells: tuple[Cell, ...]


def uses(document: Document) -> tuple[tuple[str, str], ...]:
    """Name and data use of each column."""
    purposes = document["purposes"].items()
    return tuple((name, str(purpose.get("data_use", name))) for name, purpose in purposes)


def lines(document: Document) -> tuple[tuple[str, tuple[Line, ...]], ...]:
    """The table by its parts: levels, then time and size, then whatever may be named."""
    purposes = document["purposes"]

    def line(title: str, cell: Any) -> Line:
        return Line(title, tuple(cell(name, purposes[name]) for name in purposes))

    levels = tuple(
        line(
            level_name(attribute),
            lambda name, terms, attribute=attribute: _level(name, terms, attribute),
        )
        for attribute in ATTRIBUTES
    )
    numbers = tuple(
        line(row[1], lambda name, terms, row=row: _number(name, terms, *row)) for row in NUMBERS
    )
    lists = tuple(
        line(title, lambda name, terms, key=key, title=title: _list(name, terms, key, title))
        for key, title in LISTS
    )
    return (
        ("How precisely", levels),
        ("For how long, and how many", (line("Periods", _closes), *numbers)),
        ("What may be named", (line("Selling or sharing", _sells), *lists)),
    )


@dataclass(frozen=True)
class UseFields:
    """One use: what it allows otherwise than most, and the rest, which follows every use."""

    name: str
    data_use: str
    others: tuple[Line, ...]
    followed: tuple[Line, ...]


def for_every_use(document: Document) -> tuple[tuple[str, tuple[Line, ...]], ...]:
    """The same table with one field a line: what most uses allow, and of as many the less."""
    return tuple((title, tuple(map(_common, rows))) for title, rows in lines(document))


def by_use(document: Document) -> tuple[UseFields, ...]:
    """Each use, its own lines apart from those in which it follows every use."""
    rows = [line for _, part in lines(document) for line in part]
    fields = []
    for at, (name, data_use) in enumerate(uses(document)):
        own = [_own(line, at) for line in rows]
        others = tuple(line for line in own if line.cells[0].value)
        followed = tuple(line for line in own if not line.cells[0].value)
        fields.append(UseFields(name, data_use, others, followed))
    return tuple(fields)


def _common(line: Line) -> Line:
    """One field for all uses: what most of them have, and of as many the less."""
    values = [cell.value for cell in line.cells if cell.value != "listed"] or ["none"]
    value = max(sorted(set(values)), key=values.count)
    first = line.cells[0]
    options = {option: words for cell in line.cells for option, words in cell.options}
    options.pop("listed", None)
    label = f"{line.title}, for every use"
    name = f"{EVERY}.{first.name.partition('.')[2]}"
    common = replace(
        first, name=name, label=label, value=value, options=tuple(options.items()), pointer=""
    )
    return Line(line.title, (common,))


def _own(line: Line, at: int) -> Line:
    cell, common = line.cells[at], _common(line).cells[0]
    value = "" if cell.value == common.value else cell.value
    options = (("", "as for every use"), *cell.options) if cell.options else ()
    return Line(line.title, (replace(cell, value=value, options=options, slides=False),))


def document_of(form: Mapping[str, str], base: Document) -> dict[str, Any]:
    """The document that a form describes; what the form has no field for stays as in `base`.

    A field of a use that is empty, or is not there, follows the one for every use.
    """
    document: dict[str, Any] = deepcopy(dict(base))
    for key, *_ in HOST_NUMBERS:
        document[key] = _read(form.get(key, ""), document.get(key))
    document["controller"] = {
        **document["controller"],
        **{key: form[f"controller.{key}"].strip() for key in _told(form)},
    }
    for name, purpose in document["purposes"].items():
        levels = {attribute: _of(form, name, f"level.{attribute}") for attribute in ATTRIBUTES}
        purpose["levels"] = {
            attribute: _read(text, purpose["levels"].get(attribute, 0))
            for attribute, text in levels.items()
        }
        for key, *_ in NUMBERS:
            purpose[key] = _read(_of(form, name, key), purpose.get(key))
        purpose["closes"] = _of(form, name, "closes") or purpose["closes"]
        sells = _of(form, name, "sells_or_shares") or str(purpose["sells_or_shares"]).lower()
        purpose["sells_or_shares"] = sells == "true"
        for key, _ in LISTS:
            chosen = _of(form, name, key) or "listed"
            if chosen != "listed":
                values = {"any": "*", "open": ANY_WORD}
                purpose[key] = values[chosen] if chosen in values else _nothing(key)
    return document


def _of(form: Mapping[str, str], name: str, key: str) -> str:
    return form.get(f"{name}.{key}", "") or form.get(f"{EVERY}.{key}", "")


def differences(old: Document, new: Document) -> list[tuple[str, str, str]]:
    """Pointer, value before and value after, of every field that differs."""
    before, after = dict(_flat(old, "")), dict(_flat(new, ""))
    names = [*before, *(label for label in after if label not in before)]
    pairs = ((label, before.get(label, "–"), after.get(label, "–")) for label in names)
    return [(label, was, now) for label, was, now in pairs if was != now]


def _flat(value: object, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _flat(below, f"{at}/{key}")
    else:
        yield at, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _level(name: str, terms: Document, attribute: str) -> Cell:
    finest = ATTRIBUTES[attribute].finest
    options = tuple((str(n), f"{n}  {level_says(attribute, n)}") for n in range(finest + 1))
    return Cell(
        f"{name}.level.{attribute}",
        f"{level_name(attribute)}, for {name}",
        str(terms.get("levels", {}).get(attribute, 0)),
        options,
        slides=True,
        pointer=f"/purposes/{name}/levels/{attribute}",
    )


def _number(name: str, terms: Document, key: str, title: str, least: int, most: int) -> Cell:
    value, label = str(terms.get(key, least)), f"{title}, for {name}"
    at = f"/purposes/{name}/{key}"
    return Cell(f"{name}.{key}", label, value, (), least, most, pointer=at)


def _closes(name: str, terms: Document) -> Cell:
    options = tuple((period, f"up to a {period}") for period in CLOSES)
    at, value = f"/purposes/{name}/closes", str(terms.get("closes", "day"))
    return Cell(f"{name}.closes", f"Periods, for {name}", value, options, pointer=at)


def _sells(name: str, terms: Document) -> Cell:
    options = (("false", "not allowed"), ("true", "allowed"))
    value, at = str(bool(terms.get("sells_or_shares"))).lower(), f"/purposes/{name}/sells_or_shares"
    label = f"Selling or sharing, for {name}"
    return Cell(f"{name}.sells_or_shares", label, value, options, pointer=at)


def _list(name: str, terms: Document, key: str, title: str) -> Cell:
    value = terms.get(key, _nothing(key))
    listed = value not in ("*", ANY_WORD, [], {}) and value != _nothing(key)
    options = [("any", "anything"), ("none", "nothing")]
    if key in _OPEN:
        options[:1] = [("open", "any value"), ("any", "listed values alone")]
    if listed:
        options.insert(0, ("listed", f"{len(value)} listed"))
    words = {"*": "any", ANY_WORD: "open"}
    chosen = words[value] if isinstance(value, str) and value in words else None
    chosen = chosen or ("listed" if listed else "none")
    at, label = f"/purposes/{name}/{key}", f"{title}, for {name}"
    return Cell(f"{name}.{key}", label, chosen, tuple(options), pointer=at)


def _nothing(key: str) -> Any:
    if key == "tables":
        return {"pairs": [], "goals": [], "funnels": {}}
    return {} if key in ("query_parameters", "actions") else []


def _read(text: str, fallback: Any) -> Any:
    """A number as one; anything else as it is typed, for the policy's reader to refuse."""
    if not text:
        return fallback
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text


def _told(form: Mapping[str, str]) -> list[str]:
    return [key for key in ("name", "contact", "country") if f"controller.{key}" in form]
