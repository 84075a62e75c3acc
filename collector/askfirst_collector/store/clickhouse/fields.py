"""Values as numbers that stand side by side in one integer: a field for each attribute.

So the rows of a visitor are a short list of integers, each once, and who has a value has it once
among those with all other fields blanked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from askfirst.terms.attributes import Value

from .server import Server


@dataclass(frozen=True, slots=True)
class Field:
    """Where the numbers of an attribute stand, the first of its values being 1."""

    name: str
    values: Sequence[Value]
    shift: int

    @property
    def bits(self) -> int:
        """How many it has."""
        return len(self.values).bit_length()

    @property
    def mask(self) -> int:
        """All of them."""
        return ((1 << self.bits) - 1) << self.shift

    def value(self, code: int) -> Value:
        """The value whose number stands there; IndexError where none does."""
        number = (code & self.mask) >> self.shift
        if not number:
            raise IndexError(self.name)
        return self.values[number - 1]


@contextmanager
def asking(server: Server, texts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Have the texts of each attribute in `asked` while the context lasts, for `known`."""
    contents = [f"{name}={text}" for name, own in texts.items() for text in own]
    with server.asking(contents) if contents else nullcontext("") as draw:
        yield draw


def known(name: str, text: str, draw: str) -> str:
    """The number of a text in SQL, its place among those of `name`, sorted; 0 where it is none."""
    start = f"{name}="
    own = (
        f"(SELECT arraySort(groupArray(substring(content, {len(start) + 1}))) FROM asked"  # noqa: S608
        f" WHERE draw = '{draw}' AND startsWith(content, '{start}'))"
    )
    return f"transform({text}, {own}, arrayEnumerate({own}), 0)"
