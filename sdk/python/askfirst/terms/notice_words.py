"""A site's own words in the place of ours: which are open to it, and what they have to keep.

Open are the sentence that asks, with its title, and what links and pages are called. What answers
(the buttons), what terms mean and what a signal did is said in the same words on every site.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from .languages import shipped_languages
from .reading import Reader


@dataclass(frozen=True)
class Slot:
    """One of our sentences that a site may write itself: its length, the holes that it keeps."""

    longest: int  # characters, as written
    holes: tuple[str, ...] = ()
    asks: bool = False  # part of the question, and not only what something is called


# By the keys of the files in consent_banner/translations.
SLOTS: Mapping[str, Mapping[str, Slot]] = {
    "notice": {
        "title": Slot(80, asks=True),
        "intro": Slot(240, ("controller", "policy"), asks=True),
        "policy": Slot(40),
    },
    "button": {"choose": Slot(40)},
    "control": {"title": Slot(40)},
    "choices": {"title": Slot(60), "intro": Slot(300, asks=True)},
    "policy": {"title": Slot(60)},
    "rights": {"title": Slot(60)},
}
LONGEST_KEY = 40
EMPTY = "write a sentence, such as notice.title, or take it out"
BUTTONS = "the words of buttons that answer are the same on every site: take it out"
_HOLE = re.compile(r"\{([^{}]*)\}")
# No markup, one line, nothing that turns the direction of what stands beside it (UAX 9).
_PLAIN = r"(?=.*\S)[^<>\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+"
_BLANK = "\u115f\u1160\u3164\uffa0"  # letters that show nothing
_ENTITY = re.compile(r"&(#[0-9]+|#x[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")


@dataclass(frozen=True)
class NoticeWords:
    """A site's words in one language; `editorial` ones may change without asking again."""

    entries: Mapping[str, Mapping[str, str]]
    editorial: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """Plain values, as a policy has them."""
        groups = {group: dict(own) for group, own in self.entries.items()}
        return {**groups, "editorial": self.editorial}

    def asking(self) -> dict[str, str]:
        """The sentences of the question, by their keys."""
        return {
            f"{group}.{key}": text
            for group, own in self.entries.items()
            for key, text in own.items()
            if SLOTS[group][key].asks
        }


def read_notice_words(
    r: Reader, languages: Sequence[str], *, archived: bool
) -> dict[str, NoticeWords]:
    """Read the site's own words, by language; what is wrong goes to the reader's problems."""
    table = r.below("words", advice="write a table for a language, such as [words.en]")
    words = {}
    for language in table.rest():
        if language not in languages:
            table.wrong(language, table.table[language], "add it to languages, or take it out")
        elif not archived and language.partition("-")[0] not in shipped_languages():
            advice = "the notice is in no such language and shows English there: take it out"
            table.wrong(language, table.table[language], advice)
        else:
            words[language] = _read_language(table.below(language))
    return {language: words[language] for language in languages if language in words}


def _read_language(r: Reader) -> NoticeWords:
    entries = {group: _read_group(r.below(group), group) for group in SLOTS if r.has(group)}
    words = NoticeWords(entries, r.flag("editorial", default=False))
    if not entries and not set(r.table) - {"editorial"}:
        r.wrong("", dict(r.table), EMPTY)
    r.close(SLOTS)
    return words


def _read_group(r: Reader, group: str) -> dict[str, str]:
    own = {key: _read_text(r, key, slot) for key, slot in SLOTS[group].items() if r.has(key)}
    if not own and not r.table:
        r.wrong("", dict(r.table), EMPTY)
    closed = [key for key in r.table if group == "button" and _is_closed(str(key))]
    for key in closed:
        r.wrong(str(key), r.table[key], BUTTONS)
    if not closed:
        r.close(SLOTS[group])
    return own


def _is_closed(key: str) -> bool:
    """Whether it is another button, and no slip of the pen."""
    return len(key) > LONGEST_KEY or not get_close_matches(key, SLOTS["button"])


def _read_text(r: Reader, key: str, slot: Slot) -> str:
    advice = f"write plain text in one line, without markup, at most {slot.longest} characters"
    text = r.text(key, pattern=_PLAIN, advice=advice, longest=slot.longest)
    if _ENTITY.search(text):
        r.wrong(key, text, "write the character itself: what is written here is shown as it is")
    elif text and (problem := _wrong_holes(text, slot.holes)):
        r.wrong(key, text, problem)
    elif text and not any(one.isalnum() and one not in _BLANK for one in _HOLE.sub("", text)):
        r.wrong(key, text, "write words: nobody sees anything of this")
    return text


def _wrong_holes(text: str, wanted: tuple[str, ...]) -> str:
    """What is wrong with the placeholders: each stands in the sentence once, and no other."""
    present = _HOLE.findall(text)
    is_loose = any(brace in _HOLE.sub("", text) for brace in "{}")
    if sorted(present) == sorted(wanted) and not is_loose:
        return ""
    holes = " and ".join(f"{{{hole}}}" for hole in wanted)
    rule = f"write {holes} in it, each once" if holes else "nothing is filled in here"
    other = next((hole for hole in present if hole not in wanted), None)
    if other is not None:
        close = get_close_matches(other, wanted, n=1)
        meant = f"did you mean {{{close[0]}}}? " if close else ""
        return f"{{{other}}} is no placeholder of this sentence: {meant}{rule}"
    return f"take the single brace out: {rule}" if is_loose else rule


def merged(ours: Mapping[str, Any], own: Mapping[str, Mapping[str, str]]) -> Mapping[str, Any]:
    """Our words of a language with a site's own in the place of those that it changes."""
    return {**ours, **{group: {**ours.get(group, {}), **texts} for group, texts in own.items()}}
