"""`widened`: what a newer edition would allow that an older one did not."""

from __future__ import annotations

from dataclasses import dataclass

from .conflicts import subsumed_by
from .policy import Policy
from .purpose import Purpose
from .terms import BOTTOM


@dataclass(frozen=True)
class Widening:
    """One thing that got wider: the dimension (a JSON pointer into the purpose), old and new.

    Dimensions are those of `Conflict`, and `/controller`, `/country`, `/jurisdiction`,
    `/hash_routes`, `/text/LANG` and `/words/LANG`; of a placed collector `/pages` and `/origins`
    too.
    """

    dimension: str
    old: object
    new: object

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {"dimension": self.dimension, "old": self.old, "new": self.new}


TABLES = "/tables"
HASH_ROUTES = "/hash_routes"
# Changes of who answers for the data: nothing goes on under the old grant until asked again.
IDENTITY = frozenset({"/controller", "/country", "/jurisdiction", "/legal_basis", "/data_use"})


def widened(old: Policy, new: Policy, purpose: str) -> tuple[Widening, ...]:
    """Everything that `new` asks for `purpose` beyond `old`; empty where it only narrows.

    Tables ask the same rows, and each of their figures is bounded by the one rule: they widen
    nothing. Nor do a time zone, by which the same is counted, and routes, which keep no identifier.
    Routes behind `#/` do: what stands there was not told before.
    """
    before, now = old.purposes.get(purpose), new.purposes.get(purpose)
    if now is None:
        return ()
    terms = before.terms if before is not None else BOTTOM
    changes = [
        Widening(conflict.pointer, conflict.allowed, conflict.declared)
        for conflict in subsumed_by(now.terms, terms)
        if conflict.pointer != TABLES
    ]
    pairs = (
        ("/controller", old.controller.name, new.controller.name),
        ("/country", old.controller.country, new.controller.country),
        ("/jurisdiction", old.jurisdiction, new.jurisdiction),
    )
    changes.extend(Widening(name, was, now_is) for name, was, now_is in pairs if was != now_is)
    if before is not None:
        if new.hash_routes and not old.hash_routes and now.terms.scope.level("page"):
            changes.append(Widening(HASH_ROUTES, False, True))
        changes.extend(_words(before, now))
        changes.extend(_question(old, new))
    return tuple(changes)


def _words(old: Purpose, new: Purpose) -> list[Widening]:
    # A language that is new has no older words to compare with: its readers were never asked.
    return [
        Widening(f"/text/{language}", was.description, words.description)
        for language, words in new.text.items()
        if (was := old.text.get(language)) is not None
        and not words.editorial
        and (was.title, was.description) != (words.title, words.description)
    ]


def _question(old: Policy, new: Policy) -> list[Widening]:
    """The sentences that ask, where the site writes its own: agreed to was what stood there.

    Back to our words nobody is asked again: they say nothing of a site.
    """
    changes = []
    for language, words in new.words.items():
        if words.editorial or language not in old.languages:
            continue
        before = old.words[language].asking() if language in old.words else {}
        now = {key: text for key, text in words.asking().items() if before.get(key) != text}
        if now:
            texts = (" ".join(before[key] for key in now if key in before), " ".join(now.values()))
            was, now_is = (text.replace("{controller}", new.controller.name) for text in texts)
            changes.append(Widening(f"/words/{language}", was, now_is))
    return changes
