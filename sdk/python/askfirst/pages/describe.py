"""What terms mean, in plain sentences: what is stored, for how long, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from askfirst.pages.words import Words, isolated
from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.lattice import NOTHING, Detail, Scope, at_detail
from askfirst.terms.terms import Recipient, Terms


def things(terms: Terms, scope: Scope, words: Words) -> tuple[str, ...]:
    """One phrase for each thing that these terms gather at this scope."""
    levels = scope.effective_levels().items()
    # What has values that no list bounds is said in words of its own, one above the finest.
    phrases = [
        level(name, number + _is_open(terms, name, number), terms.closes, words)
        for name, number in levels
    ]
    automatic = terms.automatic if scope.level("action") else ()
    return (*phrases, *(words.say("automatic", name) for name in automatic))


def _is_open(terms: Terms, name: str, number: int) -> bool:
    lists = {"page": terms.parameters.any_of, "action": terms.action_items.any_of}
    return number == ATTRIBUTES[name].finest and bool(lists.get(name))


def level(name: str, number: int, closes: str, words: Words) -> str:
    return words.say("level", name, number, period=words.say("within", closes))


def at(terms: Terms, detail: int, words: Words) -> str:
    """What a detail of these terms stores, in one sentence."""
    if not detail:
        return words.say("choices", "nothing")
    phrases = things(terms, at_detail(terms.scope, detail), words)
    if not phrases:
        return words.say("choices", "empty_scope")
    return words.say("choices", "stores", things=words.chained(phrases))


def less_differs(terms: Terms) -> bool:
    """Whether less detail stores anything else than what is asked."""
    reduced = at_detail(terms.scope, Detail.REDUCED)
    return reduced.effective_levels() != terms.scope.effective_levels()


def retention(terms: Terms, words: Words) -> str:
    """How long counts and single visits are kept; nothing where no visit is stored."""
    if terms.scope == NOTHING:
        return ""
    period = words.say("within", terms.closes)
    parts = [words.say("retention", "counts", days=words.days(terms.retention_days), period=period)]
    if terms.keep_rows_days:
        days = words.days(terms.keep_rows_days)
        parts.append(words.say("retention", "rows", days=days, period=period))
        if terms.scope.level("visitor") == ATTRIBUTES["visitor"].finest:
            parts.append(words.say("retention", "receipt"))
    else:
        parts.append(words.say("retention", "rows_none", cell=terms.min_cell_size, period=period))
    return " ".join(parts)


def recipient(receiver: Recipient, words: Words, *, of: str | None = None) -> str:
    """Name, role and country of a third party; `of` is who shares, where it is not the site."""
    if of is None:
        role = words.say("recipients", "role", receiver.role)
    else:
        role = words.say("recipients", "role_of", receiver.role, controller=isolated(of))
    return words.say(
        "recipients", "one", name=isolated(receiver.name), role=role, country=receiver.country
    )


def recipients(all_of: Iterable[Recipient], words: Words, *, of: str | None = None) -> str:
    """Who else receives it, or that nobody does."""
    names = [
        recipient(receiver, words, of=of) for receiver in sorted(set(all_of), key=lambda x: x.name)
    ]
    if not names:
        return words.say("recipients", "none")
    return words.say("recipients", "some", names=words.listed(names))


def sets(terms: Terms, words: Words) -> str:
    """The cookies and storage a purpose may set in the browser; nothing where there are none."""
    names = [isolated(name) for name in sorted({*terms.cookies, *terms.storage})]
    return words.say("choices", "sets", names=words.listed(names)) if names else ""


def detail(pair: Any, words: Words, *, version: int = 2) -> str:
    """The detail of a choice as a record of this version has it: a number, or a table with it."""
    level = str(pair.get("detail", 0) if isinstance(pair, Mapping) else pair)
    kind = "detail" if version > 1 else "detail_before"
    return words.say(kind, level) if words.has(kind, level) else level
