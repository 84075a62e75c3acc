"""Cells: groups of rows with their distinct visitors, and the one rule by which they are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeVar

K = TypeVar("K")


@dataclass(slots=True)
class Group:
    """Rows taken together: their distinct visitors (numbered), and their page views.

    Rows without a pseudonym are in `views` alone: they never count towards a size.
    """

    visitors: set[int] = field(default_factory=set)
    views: int = 0

    def add(self, other: Group) -> None:
        """Take the rows of another group in; a visitor of both is one visitor."""
        self.visitors |= other.visitors
        self.views += other.views


def together(groups: Collection[Group]) -> Group:
    """The union of groups, counted anew."""
    return Group(set().union(*(g.visitors for g in groups)), sum(g.views for g in groups))


def is_small(visitors: AbstractSet[int], size: int) -> bool:
    """Whether somebody is in there, but fewer than `size`."""
    return 0 < len(visitors) < size


def show(groups: Mapping[K, Group], size: int) -> tuple[dict[K, Group], Group]:
    """What is shown of groups that divide a whole, and `other`: the rest, recounted.

    While `other` is under the size, the smallest shown group joins it: else it could be had by
    taking what is shown from the whole. Where all of them are under, both come back empty.
    """
    shown = {key: group for key, group in groups.items() if len(group.visitors) >= size}
    other = together([group for key, group in groups.items() if key not in shown])
    if not is_small(other.visitors, size):
        return shown, other
    for key in sorted(shown, key=lambda key: (len(shown[key].visitors), str(key))):
        other.add(shown.pop(key))
        if len(other.visitors) >= size:
            return shown, other
    return {}, Group()
