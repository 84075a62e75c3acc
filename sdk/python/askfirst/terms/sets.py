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
    for every list there may be, and not for those that are none; so does `lists_of` for items that
    begin so: what the two have in common. Nobody writes it, and it names nothing to gather.
    """

    items: frozenset[T] = frozenset()
    everything: bool = False
    any_of: frozenset[Prefix] = frozenset()
    lists_of: frozenset[Prefix] = frozenset()

    def __contains__(self, item: object) -> bool:
        return item in self.items or self._lists(item)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items) + len(self.any_of)

    def meet(self, other: Listed[T]) -> Listed[T]:
        """What is in both."""
        if not self._prefixes and not other._prefixes:
            if self.everything:
                return other
            return self if other.everything else Listed(self.items & other.items)
        if self.everything and other.everything:
            return Listed(everything=True, any_of=self.any_of & other.any_of)
        pairs = ((self, other), (other, self))
        any_of = frozenset(p for a, b in pairs for p in a.any_of if _begins(p, b.any_of))
        return Listed(
            frozenset(item for a, b in pairs for item in a.items if item in b),
            any_of=any_of,
            lists_of=frozenset(
                p for a, b in pairs for p in a._prefixes if b._lists(p) and not _begins(p, any_of)
            ),
        )

    def beyond(self, other: Listed[T]) -> frozenset[Any]:
        """The items that `other` does not list; (…, "any") where it does not allow any value."""
        items = self.items - other.items if not other.everything else frozenset[T]()
        if other._prefixes:
            items = frozenset(item for item in items if item not in other)
        wide = [p for p in self.any_of if not _begins(p, other.any_of)]
        wide += [p for p in self.lists_of if not other._lists(p)]
        return items | {(*p, ANY_WORD) for p in wide}

    def subsumed_by(self, other: Listed[T]) -> bool:
        """Whether `other` lists all of this."""
        return (other.everything or not self.everything) and not self.beyond(other)

    @property
    def _prefixes(self) -> frozenset[Prefix]:
        return self.any_of | self.lists_of

    def _lists(self, item: object) -> bool:
        """Whether an item, or every list of what begins so, is in it without being named."""
        return self.everything or _begins(item, self._prefixes)


def _begins(item: object, prefixes: frozenset[Prefix]) -> bool:
    return (
        bool(prefixes)
        and isinstance(item, tuple)
        and any(item[:length] in prefixes for length in range(len(item) + 1))
    )
