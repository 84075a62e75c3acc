"""Values as numbers that stand side by side in one integer: a field for each attribute.

So the rows of a visitor are a short list of integers, each once, and who has a value has it once
among those with all other fields blanked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from askfirst.terms.attributes import Value

from .schema import END
from .server import Server
from .values import ESCAPE, text_of

_DIGITS = 20  # of a number in `asked`


@dataclass(frozen=True)
class Field:
    """Where the numbers of an attribute stand, each at least 1.

    `cuts` are the bits, by level, that are alike where values are, cut to so many parts. A field
    with a mark has one more bit, above the number. Where there was no room, it `lacks_cuts`.
    """

    name: str
    numbers: Mapping[Value, int]
    cuts: Mapping[int, int] = field(default_factory=dict)
    has_mark: bool = False
    lacks_cuts: bool = False
    shift: int = 0

    @cached_property
    def bits(self) -> int:
        """How many it has."""
        return self._width + self.has_mark

    @cached_property
    def _width(self) -> int:
        return max(self.numbers.values(), default=0).bit_length()

    @property
    def mask(self) -> int:
        """All of its number."""
        return ((1 << self._width) - 1) << self.shift

    @property
    def mark(self) -> int:
        """The bit of the mark."""
        return 1 << (self.shift + self._width)

    def value(self, code: int) -> Value:
        """The value whose number stands there; KeyError where none does."""
        return self._values[(code & self.mask) >> self.shift]

    @cached_property
    def _values(self) -> Mapping[int, Value]:
        return {number: value for value, number in self.numbers.items()}

    @cached_property
    def beginnings(self) -> Mapping[int, Mapping[int, Value]]:
        """By level, what values of so many parts begin with, by its bits in their place."""
        return {
            level: {
                (number & bits) << self.shift: value[:level]
                for value, number in self.numbers.items()
                if len(value) >= level
            }
            for level, bits in self.cuts.items()
        }


def in_order(name: str, values: Iterable[Value], shift: int = 0) -> Field:
    """A field of as few bits as there can be."""
    return Field(name, {value: number for number, value in enumerate(values, 1)}, shift=shift)


def nested(name: str, values: Collection[Value], room: int, *, has_mark: bool = False) -> Field:
    """A field in whose numbers what values begin with has bits of its own.

    Without where there is no room for these.
    """
    levels = _levels(values)
    places = [_places(values, level, before) for before, level in pairwise((0, *levels))]
    widths = [max(own.values(), default=0).bit_length() for own in places]
    if sum(widths) + has_mark > room:
        return replace(in_order(name, sorted(values)), has_mark=has_mark, lacks_cuts=True)
    starts = [sum(widths[:at]) for at in range(len(widths))]
    numbers = {
        value: sum(own[value] << start for own, start in zip(places, starts, strict=True))
        for value in values
    }
    cuts = {
        level: (1 << (start + width)) - 1
        for level, start, width in zip(levels[:-1], starts, widths, strict=False)
    }
    return Field(name, numbers, cuts, has_mark)


def _levels(values: Collection[Value]) -> list[int]:
    """Where it goes on in more than one way, and the finest one."""
    finest = max(map(len, values), default=0) or 1
    levels = []
    for level in range(1, finest):
        beginnings = {value[: level + 1] for value in values if len(value) >= level}
        if len({value[:level] for value in beginnings}) < len(beginnings):
            levels.append(level)
    return [*levels, finest]


def _places(values: Collection[Value], level: int, before: int) -> Mapping[Value, int]:
    """Which of those that begin alike a value is, from 1 on; 0 where it has ended before."""
    places: dict[Value, int] = {}
    siblings: dict[Value, dict[Value, int]] = {}
    for value in sorted(values):
        own = siblings.setdefault(value[:before], {})
        is_over = before and len(value) <= before
        places[value] = 0 if is_over else own.setdefault(value[:level], len(own) + 1)
    return places


@contextmanager
def asking(server: Server, fields: Iterable[Field]) -> Iterator[str]:
    """Have the texts of each field, with their numbers, in `asked` while it lasts, for `known`."""
    contents = [
        f"{own.name}={number:0{_DIGITS}}{text_of(value)}"
        for own in fields
        for value, number in own.numbers.items()
    ]
    with server.asking(contents) if contents else nullcontext("") as draw:
        yield draw


def known(name: str, text: str, draw: str) -> str:
    """The number of a text of a field in SQL; 0 where it has none."""
    start = f"{name}="
    table = f"FROM asked WHERE draw = '{draw}' AND startsWith(content, '{start}')"
    end = len(start) + _DIGITS
    texts = (
        f"(SELECT arrayMap(x -> substring(x, {end + 1}), arraySort(groupArray(content))) {table})"
    )
    digits = f"substring(x, {len(start) + 1}, {_DIGITS})"
    numbers = f"(SELECT arrayMap(x -> toUInt64({digits}), arraySort(groupArray(content))) {table})"
    return f"transform({text}, {texts}, {numbers}, toUInt64(0))"


def cut(column: str, level: int) -> str:
    """The text of a column in SQL, cut to so many parts; where it has fewer, no text of a value."""
    # On each text of the dictionary, not on each row.
    return f"concat(substringIndex(concat({column}, '{ESCAPE}'), '{END}', {level}), '{END}')"
