"""Reads one table of a policy: closed keys, typed values, every problem found and none raised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ..errors import MOST_PROBLEMS, PolicyError, Problem

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
NAME_ADVICE = "write lower-case letters, digits, '-' and '_', a letter first, at most 40"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_MISSING: Any = object()
MOST_WORDS = 40  # that a message lists


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901) from its unescaped parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def some(words: Sequence[str]) -> str:
    """The words in a row; of many the first, and how many more there are."""
    if len(words) <= MOST_WORDS:
        return ", ".join(words)
    return f"{', '.join(words[:MOST_WORDS])} and {len(words) - MOST_WORDS} more"


class Problems:
    """What is wrong in one document; past MOST_PROBLEMS they are only counted.

    A hostile document has as many as it has bytes: each costs the same, however many there are.
    """

    def __init__(self) -> None:
        self._first: list[Problem] = []
        self._pointers: set[str] = set()
        self._more = 0

    def __len__(self) -> int:
        return len(self._first) + self._more

    @property
    def full(self) -> bool:
        """Whether another one would only be counted, so that its words need not be found."""
        return len(self._first) >= MOST_PROBLEMS

    def add(self, problem: Problem) -> None:
        """Note one problem."""
        self._pointers.add(problem.pointer)
        if self.full:
            self._more += 1
        else:
            self._first.append(problem)

    def at(self, pointer: str) -> bool:
        """Whether something is wrong just there."""
        return pointer in self._pointers

    def raise_any(self) -> None:
        """Raise PolicyError where there is any."""
        if self:
            raise PolicyError(self._first, more=self._more)


class Reader:
    """One table being read; `problems` is shared by all tables of a document."""

    def __init__(self, value: object, at: str, problems: Problems) -> None:
        self.at = at
        self.problems = problems
        self.seen: list[str] = []
        self.table: Mapping[str, Any] = {}
        if isinstance(value, Mapping):
            self.table = value
        else:
            self.wrong("", value, "write a table here")
            self._what_it_lacks_is_said()

    def wrong(self, key: str, value: object, message: str) -> None:
        """Note a problem at a key of this table ('' for the table itself)."""
        where = self.at + (pointer(key) if key else "")
        self.problems.add(Problem(where, value, message))

    def _what_it_lacks_is_said(self) -> None:
        """Without the table itself, its keys are missing too: that is one problem, not five."""
        self.problems = Problems()

    def sound(self, *keys: str) -> bool:
        """Whether nothing is wrong with these keys, so that they can be compared."""
        return not any(self.problems.at(self.at + pointer(key)) for key in keys)

    def below(
        self, key: str, *, required: bool = False, advice: str = "write a table here"
    ) -> Reader:
        """The table at `key`; an empty one where it is missing."""
        value = self._take(key, {} if not required else _MISSING, advice)
        reader = Reader({} if value is _MISSING else value, self.at + pointer(key), self.problems)
        if value is _MISSING:
            reader._what_it_lacks_is_said()
        return reader

    def _take(self, key: str, default: Any, missing: str) -> Any:
        self.seen.append(key)
        if key in self.table:
            return self.table[key]
        if default is _MISSING:
            self.wrong(key, None, f"is missing: {missing}")
        return default

    def text(
        self,
        key: str,
        default: str = _MISSING,
        *,
        pattern: str = r"[\s\S]*\S[\s\S]*",
        advice: str = "write some text",
        longest: int = 2000,
    ) -> str:
        """A string that matches `pattern` whole."""
        value = self._take(key, default, advice)
        if value is _MISSING:
            return ""
        if isinstance(value, str) and value == default:
            return value
        if not isinstance(value, str) or len(value) > longest or not re.fullmatch(pattern, value):
            self.wrong(key, value, advice)
            return ""
        if _CONTROL.search(value):
            self.wrong(key, value, "take the control characters out")
            return ""
        return value

    def name(self, key: str) -> str:
        """A name: lower-case letters, digits, '-' and '_', at most 40."""
        return self.text(key, pattern=NAME.pattern, advice=NAME_ADVICE)

    def one_of(self, key: str, options: Sequence[str], default: str = _MISSING) -> str:
        """One of a few words."""
        advice = "write one of " + ", ".join(options)
        value = self._take(key, default, advice)
        if value is _MISSING:
            return ""
        if not isinstance(value, str) or value not in options:
            self.wrong(key, value, advice)
            return options[0]
        return value

    def number(
        self, key: str, low: int, high: int, default: int = _MISSING, *, also: str = ""
    ) -> int:
        """A whole number from `low` to `high`; `also` is said behind the advice."""
        options = f"a whole number from {low} to {high}" if low < high else f"{low}"
        advice = f"write {options}{also}"
        value = self._take(key, default, advice)
        if value is _MISSING:
            return low
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.wrong(key, value, advice)
            return low
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._take(key, default, "write true or false")
        if not isinstance(value, bool):
            self.wrong(key, value, "write true or false")
            return default
        return value

    def has(self, key: str) -> bool:
        """Whether the key is written at all."""
        return key in self.table

    def texts(
        self, key: str, *, pattern: str, advice: str, least: int = 0, most: int = 200
    ) -> tuple[str, ...]:
        """A list of strings without repetition, each matching `pattern` whole."""
        value = self._take(key, [] if least == 0 else _MISSING, "write a list: " + advice)
        if value is _MISSING:
            return ()
        if not isinstance(value, (list, tuple)) or not least <= len(value) <= most:
            self.wrong(key, value, f"write a list of {least} to {most} strings: {advice}")
            return ()
        good = []
        for index, item in enumerate(value):
            if isinstance(item, str) and re.fullmatch(pattern, item):
                good.append(item)
            else:
                self.problems.add(Problem(self.at + pointer(key, index), item, advice))
        if len(set(good)) != len(good):
            self.wrong(key, value, "write each entry once")
        return tuple(dict.fromkeys(good))

    def tables(self, key: str) -> list[Reader]:
        """A list of tables."""
        value = self._take(key, [], "write a list of tables")
        if not isinstance(value, (list, tuple)) or len(value) > 200:
            self.wrong(key, value, "write a list of at most 200 tables")
            return []
        return [
            Reader(item, self.at + pointer(key, index), self.problems)
            for index, item in enumerate(value)
        ]

    def rest(self) -> list[str]:
        """The keys not read yet, for tables whose keys are names."""
        self.seen.extend(self.table)
        return [str(key) for key in self.table]

    def close(self, also: Iterable[str] = ()) -> None:
        """Refuse every key that was not read, and say which was probably meant."""
        known = dict.fromkeys([*self.seen, *also])
        for key in self.table:
            if key not in known:
                self.wrong(str(key), self.table[key], self._unknown(str(key), [*known]))

    def _unknown(self, key: str, known: Sequence[str]) -> str:
        if self.problems.full:
            return ""  # nobody reads it, and the likeness of words is dear
        close = get_close_matches(key, known, n=1)
        meant = f"did you mean {close[0]!r}?" if close else "take it out"
        return f"this key is not known: {meant} (keys here: {some(known)})"
