"""`Configuration`: what another consent tool asks, in the words of a policy, and what is lost."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from askfirst.terms.purpose import COOKIE_GLOB
from askfirst.terms.reading import NAME
from askfirst_collector.consent_tools.script_values import Code, Pattern, Value
from askfirst_collector.init.known_services import KnownService, known_services

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
BY_HAND = "is worked out by code, which is not run: write it by hand"
# How an owner's own word for a purpose is taken: by how it begins.
_USES = (
    (("anal", "stat", "perf", "measur", "metric"), "analytics"),
    (("mark", "ad", "target", "social", "remarket"), "marketing.advertising"),
)
OTHERWISE = "functional"
_TAG = re.compile(r"<[^<>]*>")
# What a terminal obeys, or what turns the order of a line around: no words of an owner's.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_LONGEST_NOTE = 200  # signs of a configuration that a note repeats
_LONGEST_PATTERN = 200  # signs of an expression that is still a simple one
# Of a regular expression: what is any text there, what is one sign there, and plain signs.
_ANY = re.compile(r"\.[*+]|\((?:\?:)?[^()|]*\.?[*+][^()|]*\)\??|\[[^\]]*\][*+]?|\\[wdS][*+]?")
_PLAIN = re.compile(r"\\([^A-Za-z0-9])|([A-Za-z0-9_!#%&'~-])")


@dataclass(frozen=True)
class Text:
    """The words of a purpose in one language."""

    title: str
    description: str


@dataclass(frozen=True)
class Note:
    """What does not carry over: where it stands, and what to do about it."""

    line: int
    key: str
    says: str


@dataclass(frozen=True)
class Receiver:
    """Who receives, of whom the catalogue knows the facts; `name` is what pages call it."""

    name: str
    known: KnownService


@dataclass(frozen=True)
class Asked:
    """One purpose that visitors are asked about."""

    name: str
    line: int
    text: Mapping[str, Text] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    receivers: tuple[Receiver, ...] = ()

    @property
    def data_use(self) -> str:
        """A guess by its name."""
        for beginnings, use in _USES:
            if self.name.startswith(beginnings):
                return use
        return OTHERWISE


@dataclass(frozen=True)
class Necessary:
    """A cookie that is not asked about."""

    cookie: str
    line: int
    why: str = ""
    days: int = 0


@dataclass(frozen=True)
class Configuration:
    """All of it; `languages` has the default one first, `purposes` are in their own order."""

    languages: tuple[str, ...]
    purposes: tuple[Asked, ...]
    necessary: tuple[Necessary, ...]
    notes: tuple[Note, ...]


class Notes:
    """The notes of a configuration that is being read."""

    def __init__(self) -> None:
        self._notes: dict[Note, None] = {}

    def add(self, line: int, key: str, says: str) -> None:
        """Note what does not carry over, once; a minified file has all of it on one line."""
        self._notes[Note(line, _short(key), _short(says))] = None

    def rest(self, table: Value, read: Iterable[str], known: Mapping[str, str]) -> None:
        """Note each key of a table that was not read; `known` says why."""
        for key, value in table.table().items():
            if key not in read:
                unknown = BY_HAND if isinstance(value.data, Code) else "is not known here"
                self.add(value.line, key, known.get(key, unknown))

    def all(self) -> tuple[Note, ...]:
        """In the order of the lines."""
        return tuple(sorted(self._notes, key=lambda note: note.line))


def plain(text: str) -> str:
    """Words without markup and without control characters, in one line."""
    return one_line(html.unescape(_TAG.sub("", text)))


def one_line(text: str) -> str:
    """The words of a text in one line, with nothing in it that a terminal obeys."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _short(text: str) -> str:
    line = one_line(text[: _LONGEST_NOTE + 1])
    return line if len(text) <= _LONGEST_NOTE else f"{line[:_LONGEST_NOTE]}…"


def purpose_name(name: str) -> str:
    """A purpose's name for this word: itself where it can be one."""
    if NAME.fullmatch(name):
        return name
    tidied = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")[:40]
    return tidied if NAME.fullmatch(tidied) else f"purpose-{tidied}"[:40].rstrip("-")


class PurposeNames:
    """The purposes' names for the words of a configuration: two words never share one."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}  # the last number of what words would share

    def of(self, word: str) -> str:
        """The name for a word, numbered where another word has it already."""
        if word not in self._names:
            name = first = purpose_name(word)
            while name in self._taken:
                number = self._numbers[first] = self._numbers.get(first, 1) + 1
                name = f"{first[: 40 - len(f'-{number}')]}-{number}"
            self._taken.add(name)
            self._names[word] = name
        return self._names[word]


def globs_of(value: Value, notes: Notes, key: str = "cookies") -> tuple[str, ...]:
    """The names or globs that a name or a regular expression comes to; none with a note."""
    globs: tuple[str, ...] = ()
    if isinstance(value.data, str) and "*" not in value.data:
        globs = (value.data,)
    elif isinstance(value.data, Pattern) and len(value.data.source) <= _LONGEST_PATTERN:
        globs = tuple(_glob(part) for part in _alternatives(value.data.source))
    if globs and all(re.fullmatch(COOKIE_GLOB, glob) for glob in globs):
        return globs
    source = value.data.source if isinstance(value.data, (Pattern, Code)) else repr(value.data)
    notes.add(value.line, key, f"{source}: write the cookie's name, or a glob such as '_ga_*'")
    return ()


def _alternatives(source: str) -> list[str]:
    whole = re.fullmatch(r"(\^?)\((?:\?:)?([^()]*)\)(\$?)", source)
    if whole is None:
        return source.split("|") if "(" not in source else [source]
    return [f"{whole[1]}{part}{whole[3]}" for part in whole[2].split("|")]


def _glob(source: str) -> str:
    """A glob that matches what the expression matches, or more of it; "" where it is not simple."""
    glob, at = "" if source.startswith("^") else "*", int(source.startswith("^"))
    end = len(source) - 1 if source.endswith("$") and not source.endswith("\\$") else len(source)
    while at < end:
        if match := _ANY.match(source, at, end):
            glob += "*"
        elif match := _PLAIN.match(source, at, end):
            glob += match[1] or match[2]
        else:
            return ""
        at = match.end()
        if at < end and source[at] in "?*+{":
            return ""
    return re.sub(r"\*+", "*", glob if end < len(source) else glob + "*")


def known_service(name: str) -> KnownService | None:
    """The service of the catalogue that is called so."""
    word = _letters(name)
    for service in known_services():
        title = _letters(service.title)
        if word and word in (_letters(service.name), title, title.rstrip("0123456789")):
            return service
    return None


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@dataclass(frozen=True)
class Service:
    """A service as a configuration has it; `label` is what its visitors read, or ""."""

    name: str
    line: int
    label: str = ""


def receivers_of(
    services: Iterable[Service], notes: Notes, *, in_pages: bool
) -> tuple[Receiver, ...]:
    """The receivers that services stand for, known by their names or by their labels.

    With `in_pages` they keep their names: scripts of pages name them by data-service.
    """
    receivers = []
    for service in services:
        name, line = service.name, service.line
        if known := known_service(name) or known_service(plain(service.label)):
            receivers.append(Receiver(name if in_pages else known.recipient, known))
        else:
            says = "who receives it is not known here: write a recipient, with role and country"
            waits = f'; until one is called so, what has data-service="{name}" waits'
            notes.add(line, name, says + (waits if in_pages else ""))
    return tuple(receivers)
