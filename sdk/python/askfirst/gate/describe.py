"""What terms mean, in plain sentences: what is stored, how long, for whom, and what got wider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..terms.attributes import ATTRIBUTES
from ..terms.lattice import NOTHING, Detail, Scope, at_detail
from ..terms.policy import Policy
from ..terms.purpose import Purpose, PurposeText
from ..terms.terms import CLOSES, Recipient, Terms
from ..terms.widening import Widening
from .words import Words, isolated


def words_of(purpose: Purpose, lang: str) -> tuple[str, PurposeText]:
    """The purpose's words in this language, else in its first one; with the language's tag."""
    for tag in (lang, lang.partition("-")[0], *purpose.text):
        if tag in purpose.text:
            return tag, purpose.text[tag]
    return lang, PurposeText(purpose.name, "")


def things(scope: Scope, closes: str, words: Words) -> tuple[str, ...]:
    """One phrase for each thing that is gathered at this scope."""
    return tuple(_level(name, level, closes, words) for name, level in scope.as_dict().items())


def _level(name: str, level: int, closes: str, words: Words) -> str:
    return words.say("level", name, level, period=words.say("within", closes))


def at(terms: Terms, detail: int, words: Words) -> str:
    """What a detail of these terms stores, in one sentence."""
    scope = at_detail(terms.scope, detail)
    phrases = things(scope, terms.closes, words)
    if not detail:
        return words.say("choices", "nothing")
    if detail < Detail.AS_ASKED and scope == at_detail(terms.scope, detail + 1):
        return words.say("choices", "same", detail=words.say("detail", str(detail + 1)))
    if not phrases:
        return words.say("choices", "empty_scope")
    return words.say("choices", "stores", things=words.chained(phrases))


def retention(terms: Terms, words: Words) -> str:
    """How long counts and single visits are kept; nothing where no visit is stored."""
    if terms.scope == NOTHING:
        return ""
    period = words.say("within", terms.closes)
    parts = [words.say("retention", "counts", days=words.days(terms.retention_days), period=period)]
    if terms.keep_rows_days:
        kept = words.days(terms.keep_rows_days)
        parts.append(words.say("retention", "rows", days=kept, period=period))
        if terms.scope.level("visitor") == ATTRIBUTES["visitor"].finest:
            parts.append(words.say("retention", "receipt"))
    else:
        parts.append(words.say("retention", "rows_none", cell=terms.min_cell_size, period=period))
    return " ".join(parts)


def recipient(found: Recipient, words: Words) -> str:
    """Name, role and country of a third party."""
    role = words.say("recipients", "role", found.role)
    return words.say(
        "recipients", "one", name=isolated(found.name), role=role, country=found.country
    )


def recipients(all_of: Iterable[Recipient], words: Words) -> str:
    """Who else receives it, or that nobody does."""
    names = [recipient(each, words) for each in sorted(set(all_of), key=lambda x: x.name)]
    if not names:
        return words.say("recipients", "none")
    return words.say("recipients", "some", names=words.listed(names))


def sets(terms: Terms, words: Words) -> str:
    """The cookies and storage a purpose may set in the browser; nothing where there are none."""
    names = [isolated(name) for name in sorted({*terms.cookies, *terms.storage})]
    return words.say("choices", "sets", names=words.listed(names)) if names else ""


def minimum_age(policy: Policy, purposes: Iterable[str]) -> int:
    """The age one must have to agree to all of these; 0 where anybody may."""
    return max((policy.purposes[name].terms.minimum_age for name in purposes), default=0)


# ---------------------------------------------------------------- what got wider

_LISTS = ("recipients", "query_parameters", "actions", "cookies", "storage", "tables")


def sentences(
    widenings: Iterable[Widening], words: Words, *, closes: str = "month"
) -> tuple[str, ...]:
    """What a newer edition asks beyond an older one: a plain sentence for each dimension.

    `closes` names the period in the words about pseudonyms; no change of it is assumed.
    """
    widenings = tuple(widenings)
    said: dict[str, str] = {}
    for found in widenings:
        kind = found.dimension.split("/")[1] if found.dimension else ""
        if kind in _LISTS:
            same = [w.new for w in widenings if w.dimension == found.dimension]
            names = words.listed(isolated(str(name)) for name in same)
            said[found.dimension] = words.say("change", kind, after=names)
        else:
            said[found.dimension] = _sentence(kind, found, words, closes)
    return tuple(dict.fromkeys(said.values()))


def _sentence(kind: str, found: Widening, words: Words, closes: str) -> str:
    old, new = found.old, found.new
    if kind == "levels" and isinstance(old, int) and isinstance(new, int):
        name = found.dimension.rpartition("/")[2]
        after = _level(name, new, closes, words)
        before = _level(name, old, closes, words)
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
    if kind == "text":
        return words.say("change", "words", after=isolated(str(new)))
    known = kind if words.has("change", kind) else ("other" if kind else "new")
    return words.say("change", known, after=isolated(str(new)), before=isolated(str(old)))


def present(details: Mapping[str, int], titles: Mapping[str, str], words: Words) -> str:
    """A visitor's present choice in one line; `details` is empty before there is an answer."""
    if not details:
        return words.say("control", "unanswered")
    if not any(details.values()):
        return words.say("control", "refused")
    return words.listed(
        words.say(
            "control",
            "purpose",
            title=isolated(titles[name]),
            detail=words.say("detail", str(level)),
        )
        for name, level in details.items()
    )
