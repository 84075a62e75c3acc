"""What a newer edition asks beyond an older one, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable

from askfirst.pages.describe import level
from askfirst.pages.words import Words, isolated
from askfirst.terms.edition import Editions, widenings
from askfirst.terms.languages import nearest
from askfirst.terms.sets import ANY_WORD
from askfirst.terms.terms import BOTTOM, CLOSES, Terms
from askfirst.terms.widening import Widening

_LISTS = ("recipients", "query_parameters", "actions", "cookies", "storage", "pages")
_TEXTS = ("text", "words")


def sentences(
    widenings: Iterable[Widening], words: Words, terms: Terms = BOTTOM
) -> tuple[str, ...]:
    """What a newer edition asks beyond an older one: a plain sentence for each dimension.

    `terms` are those of the newer one: their period is in the words about pseudonyms.
    """
    widenings = _read_here(tuple(widenings), words.lang)
    by_dimension: dict[str, str] = {}
    for widening in widenings:
        kind = _kind(widening)
        if kind in _LISTS:
            same = [w.new for w in widenings if w.dimension == widening.dimension]
            shown = (_shown(kind, str(name), words) for name in same)
            names = words.listed(map(isolated, shown))
            by_dimension[widening.dimension] = words.say("change", kind, after=names)
        else:
            by_dimension[widening.dimension] = _sentence(kind, widening, words, terms)
    return tuple(dict.fromkeys(by_dimension.values()))


def _read_here(widenings: tuple[Widening, ...], lang: str) -> tuple[Widening, ...]:
    """Of words that changed in several languages those that this visitor reads, if any."""
    tags = [w.dimension.rpartition("/")[2] for w in widenings if _kind(w) in _TEXTS]
    own = nearest(lang, tags)
    return tuple(
        w
        for w in widenings
        if _kind(w) not in _TEXTS or own in (None, w.dimension.rpartition("/")[2])
    )


def _kind(widening: Widening) -> str:
    return widening.dimension.split("/")[1] if widening.dimension else ""


def _shown(kind: str, name: str, words: Words) -> str:
    before, _, value = name.rpartition("/")
    if kind in ("query_parameters", "actions") and value == ANY_WORD:
        return f"{before}: {words.say('policy', 'any_value')}"
    # A page may be a pattern of some.
    return name.replace("/**", "/…").replace("*", "…")


def _sentence(kind: str, widening: Widening, words: Words, terms: Terms) -> str:
    old, new = widening.old, widening.new
    if kind == "levels" and isinstance(old, int) and isinstance(new, int):
        name = widening.dimension.rpartition("/")[2]
        after = level(name, new, terms.closes, words)
        before = level(name, old, terms.closes, words)
        return words.say("change", "level" if old else "new_level", after=after, before=before)
    if (
        kind in ("retention_days", "keep_rows_days")
        and isinstance(old, int)
        and isinstance(new, int)
    ):
        return words.say("change", kind, after=words.days(new), before=words.days(old))
    if kind == "closes" and old in CLOSES and new in CLOSES:
        after, before = words.say("within", str(new)), words.say("within", str(old))
        return words.say("change", kind, after=after, before=before)
    if kind == "sells_or_shares" and not terms.is_sold:
        return words.say("change", "opt_out")
    if kind == "origins":
        return words.say("change", kind)
    if kind == "hash_routes":
        return words.say("change", "query_parameters", after=isolated("#/…"))
    if kind in _TEXTS:
        text = str(new).replace("{policy}", words.say("notice", "policy"))
        return words.say("change", "words", after=isolated(text))
    known = kind if words.has("change", kind) else ("other" if kind else "new")
    return words.say("change", known, after=isolated(str(new)), before=isolated(str(old)))


def changes(editions: Editions, words: Words) -> dict[str, dict[str, list[str]]]:
    """By older edition and purpose: what the current one asks beyond it (`/askfirst/policy`)."""
    current = editions.current
    by_edition: dict[str, dict[str, list[str]]] = {}
    for edition in editions:
        if edition is current:
            continue
        by_edition[str(edition.number)] = {
            name: list(sentences(wider, words, purpose.terms))
            for name in current.every
            if (purpose := current.purpose(name)) is not None
            and (wider := widenings(editions, name, editions.bound_of(edition.number)))
        }
    return by_edition
