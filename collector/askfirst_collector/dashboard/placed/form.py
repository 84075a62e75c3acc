"""A placed collector's terms as fields, and back: bounded by what its site asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.policy import Policy
from askfirst.terms.terms import CLOSES
from askfirst_collector.dashboard.layout.problems import level_name, level_says

Form = Mapping[str, str]
NUMBERS = ("retention_days", "keep_rows_days", "min_cell_size")
# What a purpose may name item by item, as its site lists it.
LISTS = {
    "recipients": "Who receives it too",
    "query_parameters": "Parts of addresses",
    "actions": "Actions",
    "cookies": "Cookies",
    "storage": "Browser storage",
}
# A new collector starts with where and when, and asks for nothing else by itself.
USUAL = frozenset({"page", "time", "visitor"})


@dataclass(frozen=True)
class Level:
    """One attribute of a purpose: what may be chosen, as far as the site allows."""

    field: str
    label: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Use:
    """One purpose of the site, as a collector may have it."""

    name: str
    title: str
    levels: tuple[Level, ...]
    closes: tuple[str, ...]
    lists: tuple[tuple[str, str, tuple[str, ...]], ...]  # key, heading, items
    limits: Mapping[str, int]


def uses_of(site: Policy, form: Form) -> tuple[Use, ...]:
    """The purposes of a site; what is chosen beyond the site stays there to be seen and changed."""
    return tuple(_use(site, name, form) for name in site.asked)


def _use(site: Policy, name: str, form: Form) -> Use:
    terms, document = site.purposes[name].terms, site.document["purposes"][name]
    lists = []
    for key, heading in LISTS.items():
        items = sorted({*_items(document[key]), *_ticked(form, f"use.{name}.{key}.")})
        if items:
            lists.append((key, heading, tuple(items)))
    title = next(iter(site.purposes[name].text.values())).title
    closes = CLOSES[: CLOSES.index(terms.closes) + 1]
    chosen = form.get(f"use.{name}.closes", terms.closes)
    levels = (
        _level(name, attribute, terms.scope.level(attribute), form) for attribute in ATTRIBUTES
    )
    return Use(
        name,
        title,
        tuple(attribute for attribute in levels if len(attribute.options) > 1),
        closes if chosen in closes else (*closes, chosen),
        tuple(lists),
        {key: getattr(terms, key) for key in NUMBERS},
    )


def _level(name: str, attribute: str, most: int, form: Form) -> Level:
    field = f"use.{name}.level.{attribute}"
    typed = form.get(field, "")
    chosen = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 3 else 0
    top = min(max(most, chosen), ATTRIBUTES[attribute].finest)
    over = dict.fromkeys(range(most + 1, top + 1), " (more than the site asks)")
    options = (
        (str(n), f"{n}  {level_says(attribute, n)}{over.get(n, '')}") for n in range(top + 1)
    )
    return Level(field, level_name(attribute), tuple(options))


def fields_of(document: Mapping[str, Any] | None, site: Policy) -> dict[str, str]:
    """The fields of a saved collector, or those that a new one starts with."""
    if document is None:
        return dict(_new(site))
    fields = {
        "collector": document["collector"],
        "pages": "\n".join(document["pages"]),
        "jurisdiction": document["jurisdiction"],
        "languages": " ".join(document["languages"]),
        **{f"origin.{origin}": "1" for origin in document.get("origins", ())},
        **{f"controller.{key}": str(value) for key, value in document["controller"].items()},
    }
    for name, purpose in document["purposes"].items():
        fields |= _purpose_fields(f"use.{name}.", purpose)
    return fields


def _new(site: Policy) -> Iterator[tuple[str, str]]:
    controller = site.document["controller"]
    yield from ((f"controller.{key}", str(value)) for key, value in controller.items())
    yield from (("jurisdiction", site.jurisdiction), ("languages", " ".join(site.languages)))
    for name in site.asked:
        terms, at = site.purposes[name].terms, f"use.{name}."
        for attribute in ATTRIBUTES:
            level = terms.scope.level(attribute) if attribute in USUAL else 0
            yield f"{at}level.{attribute}", str(min(level, 1) if attribute == "visitor" else level)
        yield from ((f"{at}{key}", str(getattr(terms, key))) for key in NUMBERS)
        yield from ((f"{at}keep_rows_days", "0"), (f"{at}closes", terms.closes))


def _purpose_fields(at: str, purpose: Mapping[str, Any]) -> dict[str, str]:
    fields = {f"{at}on": "1", f"{at}closes": str(purpose["closes"])}
    fields |= {f"{at}level.{key}": str(level) for key, level in purpose["levels"].items()}
    fields |= {f"{at}{key}": str(purpose[key]) for key in NUMBERS}
    for key in LISTS:
        fields |= {f"{at}{key}.{item}": "1" for item in _items(purpose[key])}
    for language, words in purpose["text"].items():
        fields |= {f"{at}title.{language}": words["title"]}
        fields |= {f"{at}description.{language}": words["description"]}
    return fields


def document_of(form: Form, site: Policy, base: Mapping[str, Any] | None) -> dict[str, Any]:
    """The document that a form describes; what it has no field for stays as in `base`."""
    languages = form.get("languages", "").replace(",", " ").split()
    pages = [line.strip() for line in form.get("pages", "").splitlines() if line.strip()]
    controller = {
        key: text.strip()
        for key in ("name", "contact", "country", "address")
        if (text := form.get(f"controller.{key}", ""))
    }
    previous = (base or {}).get("purposes", {})
    on = [name for name in site.asked if form.get(f"use.{name}.on")]
    return {
        **({"authority": base["authority"]} if base and "authority" in base else {}),
        "version": 1,
        "collector": form.get("collector", "").strip(),
        "site": site.site,
        "pages": pages,
        "origins": sorted(_ticked(form, "origin.")),
        "controller": controller,
        "jurisdiction": form.get("jurisdiction", "").strip(),
        "languages": languages,
        "purposes": {
            name: _purpose(form, f"use.{name}.", site, name, languages, previous.get(name))
            for name in on
        },
    }


def _purpose(
    form: Form,
    at: str,
    site: Policy,
    name: str,
    languages: list[str],
    previous: Mapping[str, Any] | None,
) -> dict[str, Any]:
    above = site.document["purposes"][name]
    purpose: dict[str, Any] = (
        deepcopy(dict(previous)) if previous else {"data_use": above["data_use"]}
    )
    if not (previous and previous.get("sells_or_shares")):
        purpose.pop("sells_or_shares", None)  # it follows from who receives it
    purpose |= {
        "levels": {suffix: _number(form.get(f"{at}level.{suffix}", "0")) for suffix in ATTRIBUTES},
        "closes": form.get(f"{at}closes", above["closes"]),
        "minimum_age": max(above["minimum_age"], purpose.get("minimum_age", 0)),
        **{key: _number(form.get(f"{at}{key}", "")) for key in NUMBERS},
        "text": {
            suffix: {
                **purpose.get("text", {}).get(suffix, {}),
                "title": form.get(f"{at}title.{suffix}", "").strip(),
                "description": form.get(f"{at}description.{suffix}", "").strip(),
            }
            for suffix in languages
        },
    }
    for key in LISTS:
        purpose[key] = _chosen(_ticked(form, f"{at}{key}."), above[key], (previous or {}).get(key))
    return purpose


def _chosen(ticked: set[str], above: Any, previous: Any) -> Any:
    """The items that are ticked, as they were saved, else as the site has them."""
    if isinstance(above, Mapping):
        source = {**above, **(previous or {})}
        return {item: source[item] for item in sorted(ticked) if item in source}
    if all(isinstance(entry, str) for entry in above):
        return sorted(ticked)
    source = {entry["name"]: entry for entry in (*above, *(previous or ()))}
    return [source[item] for item in sorted(ticked) if item in source]


def field_of(pointer: str) -> str:
    """The field in which something is wrong; "" where it has none."""
    path = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    match path:
        case ["collector" | "pages" | "origins" | "jurisdiction" | "languages" as field, *_]:
            return field
        case ["controller", field]:
            return f"controller.{field}"
        case ["purposes", name, "levels", attribute]:
            return f"use.{name}.level.{attribute}"
        case ["purposes", name, "text", language, field]:
            return f"use.{name}.{field}.{language}"
        case ["purposes", name, field]:
            return f"use.{name}.{field}"
        case ["purposes", name]:
            return f"use.{name}.on"
        case ["purposes"]:
            return "purposes"
    return ""


def _items(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(value)
    return tuple(entry if isinstance(entry, str) else entry["name"] for entry in value)


def _ticked(form: Form, prefix: str) -> set[str]:
    return {name.removeprefix(prefix) for name in form if name.startswith(prefix)}


def _number(text: str) -> Any:
    """A number as one; anything else as it is typed, for the policy's reader to refuse."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text
