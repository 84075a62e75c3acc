"""Our own words, one file a language: the notice, the pages and the script read the same ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from askfirst.pages.html import Html, join, undirected
from askfirst.pages.plurals import plural
from askfirst.terms.languages import nearest, shipped_languages
from askfirst.terms.notice_words import merged
from askfirst.terms.policy import Policy

FALLBACK = "en"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_HOLE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class Words:
    """The words of one language; `own` are the site's, which are among `entries` already."""

    entries: Mapping[str, Any]
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def lang(self) -> str:
        """BCP 47 tag."""
        return str(self.entries["lang"])

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.entries["dir"])

    def has(self, *path: str) -> bool:
        """Whether something stands at the path."""
        node: Any = self.entries
        for step in path:
            if not isinstance(node, Mapping) or step not in node:
                return False
            node = node[step]
        return True

    def say(self, *path: str | int, **holes: object) -> str:
        """The sentence as plain text with its holes filled; KeyError where a language lacks it."""
        return "".join(str(part) for part in self._parts(path, holes))

    def markup(self, *path: str | int, **holes: object) -> Html:
        """The sentence as markup: strings in holes are escaped, elements are taken as they are."""
        return join(self._parts(path, holes))

    def _parts(self, path: tuple[str | int, ...], holes: Mapping[str, object]) -> list[object]:
        parts = _HOLE.split(str(self._find(path)))
        return [holes[part] if at % 2 else part for at, part in enumerate(parts)]

    def _find(self, path: tuple[str | int, ...]) -> Any:
        node: Any = self.entries
        for step in path:
            node = node[step]
        return node

    def count(self, *path: str, n: int) -> str:
        """The form of a counted thing that this number asks for."""
        return self.say(*path, plural(self.lang, n), n=n)

    def days(self, n: int) -> str:
        """A number of days."""
        return self.count("days", n=n)

    def listed(self, items: Iterable[str]) -> str:
        """The items in one line."""
        return self.say("list").join(items)

    def enumerated(self, items: Iterable[Html]) -> Html:
        """As `listed`, for markup."""
        parts = [part for item in items for part in (self.say("list"), item)]
        return join(parts[1:])

    def chained(self, items: Iterable[str]) -> str:
        """As `listed`, for items that may hold commas themselves."""
        return self.say("chain").join(items)


def isolated(value: str) -> str:
    """A site's words inside a plain sentence of ours: no direction in them leaves them (UAX 9)."""
    return f"\N{FIRST STRONG ISOLATE}{undirected(value)}\N{POP DIRECTIONAL ISOLATE}"


def words_in(lang: str, policy: Policy | None = None) -> Words:
    """The words of the nearest language we have: the tag, its primary language, English.

    Where the policy has words of its own in that language, they stand in the place of ours.
    """
    known = shipped_languages()
    for wanted in (lang, lang.partition("-")[0], FALLBACK):
        if wanted in known and _LANGUAGE.fullmatch(wanted):
            words = _words_of(wanted)
            tag = lang if nearest(wanted, [lang]) else wanted
            own = policy.own_words(tag) if policy is not None else {}
            return Words(merged(words.entries, own), own) if own else words
    raise LookupError("the words of the notice are missing from askfirst/static/words")


def words_for(lang: str, policy: Policy) -> Words:
    """The words for a page in this language: it, where the policy has it, else the policy's first.

    Of the policy's languages the same tag counts, else the first with the same primary language.
    """
    return words_in(nearest(lang, policy.languages) or policy.languages[0], policy)


@cache  # by the languages we have, never by what a visitor asks for
def _words_of(lang: str) -> Words:
    file = resources.files("askfirst") / "static" / "words" / "all" / f"{lang}.json"
    return Words(json.loads(file.read_text("utf-8")))
