"""Sets that may also be everything: the list dimensions of terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
# The beginning of items, such as ("utm_content",) of ("utm_content", "top"); () begins all.
Prefix = tuple[str, ...]
ANY_WORD = "any"


class _Any(frozenset[str]):
    def __contains__(self, item: object) -> bool:
        return True


# The values of a parameter or property of which any is allowed.
ANY: frozenset[str] = _Any()


@dataclass(frozen=True)
class Listed(Generic[T]):
    """A closed list, or, with `everything`, the host policy that a host may set over all lists.

    Of items that begin as one in `any_of`, whatever they go on with is in it. `everything` stands
    for every list there may be, and not for those that are none.
    """

    items: frozenset[T] = frozenset()
    everything: bool = False
    any_of: frozenset[Prefix] = frozenset()

    def __contains__(self, item: object) -> bool:
        return self.everything or item in self.items or self._begins(item)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items) + len(self.any_of)

    def meet(self, other: Listed[T]) -> Listed[T]:
        """What is in both."""
        if not self.any_of and not other.any_of:
            if self.everything:
                return other
            return self if other.everything else Listed(self.items & other.items)
        return Listed(
            frozenset(i for i in self.items if i in other)
            | frozenset(i for i in other.items if i in self),
            self.everything and other.everything,
            frozenset(p for p in self.any_of if other._begins(p))
            | frozenset(p for p in other.any_of if self._begins(p)),
        )

    def beyond(self, other: Listed[T]) -> frozenset[Any]:
        """The items that `other` does not list; (…, "any") where it does not allow any value."""
        items = frozenset() if other.everything else self.items - other.items
        if other.any_of:
            items = frozenset(item for item in items if not other._begins(item))
        return items | {(*p, ANY_WORD) for p in self.any_of if not other._begins(p)}

    def subsumed_by(self, other: Listed[T]) -> bool:
        """Whether `other` lists all of this."""
        return (other.everything or not self.everything) and not self.beyond(other)

    def _begins(self, item: object) -> bool:
        return (
            bool(self.any_of)
            and isinstance(item, tuple)
            and any(item[:length] in self.any_of for length in range(len(item) + 1))
        )
