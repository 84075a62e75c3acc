"""`Scope`: one level for each attribute, and how precisely a visitor agrees to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from .attributes import ATTRIBUTES, NAMES, Value

_INDEX = {name: index for index, name in enumerate(NAMES)}


class Detail(IntEnum):
    """How much of what was asked a visitor agreed to: one for all that is granted, or none."""

    NONE = 0
    REDUCED = 1
    AS_ASKED = 2


@dataclass(frozen=True)
class Scope:
    """One level for each of the thirteen attributes, in the order of `NAMES`; 0 is none."""

    levels: tuple[int, ...]

    @classmethod
    def of(cls, levels: Mapping[str, int]) -> Scope:
        """The scope with these levels and 0 elsewhere; KeyError for a name that is none."""
        for name, level in levels.items():
            if not 0 <= level <= ATTRIBUTES[name].finest:
                raise ValueError(f"{name}: level {level} is not 0 to {ATTRIBUTES[name].finest}")
        return cls(tuple(levels.get(name, 0) for name in NAMES))

    def level(self, name: str) -> int:
        """The level of one attribute."""
        return self.levels[_INDEX[name]]

    def as_dict(self) -> dict[str, int]:
        """Only what is asked for: the levels above 0."""
        return {name: level for name, level in zip(NAMES, self.levels, strict=True) if level}

    def effective_levels(self) -> dict[str, int]:
        """What comes of them: an account is linked beside a `visitor` alone."""
        levels = self.as_dict()
        return levels if self.level("visitor") else {n: levels[n] for n in levels if n != "user_id"}

    def meet(self, other: Scope) -> Scope:
        """The coarser level of each attribute."""
        return Scope(tuple(map(min, self.levels, other.levels)))

    def subsumed_by(self, other: Scope) -> bool:
        """Whether no attribute is finer here than there."""
        return all(a <= b for a, b in zip(self.levels, other.levels, strict=True))

    def generalise(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Cut every value to its level; what is at level 0, or is empty, is left out."""
        cut = {name: values[name][: self.level(name)] for name in values if name in _INDEX}
        return {name: value for name, value in cut.items() if value}


NOTHING = Scope((0,) * len(NAMES))


def at_detail(scope: Scope, detail: int) -> Scope:
    """The scope that a visitor agreed to who chose `detail` (0 to 2); anything else is none.

    Reduced, each attribute is at most at its first level, so that `visitor` is at most that of a
    period; `user_id` is none, as it has no coarser one.
    """
    if detail == Detail.AS_ASKED:
        return scope
    if detail == Detail.REDUCED:
        return Scope(
            tuple(
                0 if name == "user_id" else min(level, 1)
                for name, level in zip(NAMES, scope.levels, strict=True)
            )
        )
    return NOTHING
