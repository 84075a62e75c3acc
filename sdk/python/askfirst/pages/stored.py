"""What each answer stores, thing by thing: how precisely, and an example of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from askfirst.contracts.consent import VERSION
from askfirst.pages import describe
from askfirst.pages.document import section, terms_list
from askfirst.pages.html import Html, el, own
from askfirst.pages.words import Words
from askfirst.terms.edition import Editions
from askfirst.terms.lattice import Detail, at_detail

# As docs/attributes.md has them; what stands for a visitor reads like nothing.
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "time": ("2026-11-22", "14", "05", "09"),
    "page": ("/shop", "/shop/:id/red-shoes", "sort=price"),
    "referrer": ("search", "google.co.uk"),
    "campaign": ("newsletter", "email", "spring-sale"),
    "browser": ("Firefox", "140", "140.0.2"),
    "os": ("iOS", "18", "18.7.1"),
    "screen": ("desktop", "1300x700", "1366x768"),
    "ip": ("GB", "GB-ENG", "London"),
    "language": ("de", "de-AT"),
    "cookies": ("enabled", "_ga_*"),
    "action": ("signup", "plan=pro&seats=10-49"),
}
Value = Callable[[str, object], object]  # an attribute's value in words


def stored_things(
    editions: Editions,
    record: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]],
    words: Words,
    *,
    value: Value,
) -> Html | None:
    """A list for each purpose of the site that a record grants: each thing at its level.

    The example is the visitor's own, where a row has one (GDPR, articles 13 and 15). Of a purpose
    that is gone nothing is stored any more.
    """
    parts = []
    for name, choice in dict(record.get("choices") or {}).items():
        detail = choice.get("detail", 0) if isinstance(choice, Mapping) else choice
        purpose = editions.current.purpose(name) if editions else None
        if not detail or purpose is None or "/" in name or record.get("v", 2) < VERSION:
            continue
        agreed = editions.get(choice.get("edition", 0)) if isinstance(choice, Mapping) else None
        then = agreed.purpose(name) if agreed is not None else None
        scope = purpose.terms.scope.meet((then or purpose).terms.scope)
        levels = at_detail(scope, Detail(detail)).effective_levels()
        if not levels:
            continue
        lang, text = purpose.text_in(words.lang)
        mine = _own_values(name, rows)
        pairs: list[tuple[str, object]] = [
            (
                words.say("attribute", attribute),
                [
                    describe.level(attribute, level, purpose.terms.closes, words),
                    _example(attribute, level, mine, value),
                ],
            )
            for attribute, level in levels.items()
        ]
        parts.append(section(f"stored-{name}", own(text.title, lang), terms_list(pairs), level=3))
    return section("stored", words.say("policy", "purpose_stores"), parts) if parts else None


def _own_values(purpose: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, Sequence[object]]:
    """The first value of each attribute in the visitor's own rows of a purpose."""
    values: dict[str, Sequence[object]] = {}
    for row in rows:
        if row.get("purpose") == purpose and not row.get("collector") and row.get("type") != "drop":
            parts = row.get("values")
            for name, value in parts.items() if isinstance(parts, Mapping) else ():
                if isinstance(value, list | tuple) and value:
                    values.setdefault(name, value)
    return values


def _example(
    attribute: str, level: int, mine: Mapping[str, Sequence[object]], value: Value
) -> Html | None:
    parts = (mine.get(attribute) or EXAMPLES.get(attribute, ()))[:level]
    return el("span", {"class": "askfirst-note"}, " · ", value(attribute, parts)) if parts else None
