"""Sets that may also be everything: the list dimensions of terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Listed(Generic[T]):
    """A closed list, or, with `everything`, the host policy that a host may set over all lists."""

    items: frozenset[T] = frozenset()
    everything: bool = False

    def __contains__(self, item: object) -> bool:
        return self.everything or item in self.items

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def meet(self, other: Listed[T]) -> Listed[T]:
        """What is in both."""
        if self.everything:
            return other
        if other.everything:
            return self
        return Listed(self.items & other.items)

    def beyond(self, other: Listed[T]) -> frozenset[T]:
        """The items that `other` does not list."""
        return frozenset() if other.everything else self.items - other.items

    def subsumed_by(self, other: Listed[T]) -> bool:
        """Whether `other` lists all of this."""
        return other.everything or (not self.everything and self.items <= other.items)
