"""What a store answers of a period: who shares what. Never stored, and shown by no other way.

Visitors are running numbers here, so that who shares a value is a bitmap (Roaring: Lemire et al.
2018, "Roaring bitmaps: implementation of an optimized software library").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from pyroaring import BitMap

from askfirst.terms.attributes import Value

ENTRY = "entry_page"  # the page of a visit: of a page view whose referrer is not internal
PAGES_SEEN = "pages_seen"  # by a visitor in the period: `one`, or `more`
# Tables that are no attribute's own.
DERIVED = (ENTRY, PAGES_SEEN)
INTERNAL = "internal"  # the channel of what came from the site itself
# In pairs: an action and what any row of the same visitor says; of an `action`, its own row.
ACTED = "acted"
# How fine the values of a pair table are; others are as coarse as they can be.
PAIR_LEVELS = {"page": 2, "referrer": 2, "time": 2}
MOST_A_DAY = 5  # page views, or visits, of one visitor that a total counts
# Visitors of whom something was dropped are numbered from here on, those of whom the ledger knows
# from `consents.FIRST_OF_LEDGER`: each number is of one visitor.
FIRST_DROPPED = 2**30
DAY_BITS = 6
LAST_DAY = (1 << DAY_BITS) - 1

Leaves = Mapping[Value, BitMap]  # the visitors of each value, cut at any level
# Who is in a group on each day by `day_number`; of a visitor the first day is there, later ones
# may be.
FirstDays = Mapping[int, BitMap]
Pair = tuple[str, str]
# Of each attribute, the values that a pair table may have, and who has them, where that is known.
Frequent = Mapping[str, Mapping[Value, BitMap | None]]
# Of a value of a table, whether its visitors are asked for, however many they are.
Asked = Callable[[str, Value], bool]


class Shared(NamedTuple):
    """How many visitors, and how many of them count towards no size."""

    visitors: int
    unsized: int


Pairs = Mapping[Pair, Mapping[tuple[Value, Value], Shared]]
# By how many parts values are cut to, and what is then left of them: who has that. What is one part
# shorter was not cut.
Sizes = Mapping[tuple[int, Value], Shared]


@dataclass(frozen=True)
class DayFacts:
    """The visitors of a day; of each, `MOST_A_DAY` page views and visits at most."""

    visitors: BitMap
    views: int
    visits: int


@dataclass(frozen=True)
class Facts:
    """The rows of one period, grouped. Never stored, never shown: `disclose` is the only way out.

    `trees` has the visitors by the value of each attribute, `days` what happened on each day
    (ISO 8601), `unsized` those who count towards no size. Where a table has `sizes`, `trees` may
    lack visitors of what many share.
    """

    total: BitMap = field(default_factory=BitMap)
    trees: Mapping[str, Leaves] = field(default_factory=dict)
    days: Mapping[str, DayFacts] = field(default_factory=dict)
    unsized: BitMap = field(default_factory=BitMap)
    sizes: Mapping[str, Sizes] = field(default_factory=dict)


@dataclass(frozen=True)
class Arrivals:
    """Everybody who came by the end of a day, and the visitors of each value.

    `day` is what happened on that day itself; None where nobody came.
    """

    day: DayFacts | None
    everybody: FirstDays
    trees: Mapping[str, Mapping[Value, FirstDays]]
    unsized: BitMap


def nobody_asked(table: str, value: Value) -> bool:
    """Of no value."""
    return False


def day_number(at: str, day: str) -> int:
    """The number of a day (ISO 8601), not later than `day`, which is `LAST_DAY`."""
    return max(0, LAST_DAY - (date.fromisoformat(day) - date.fromisoformat(at)).days)


def is_internal(referrer: Value) -> bool:
    """Whether a page view with this referrer begins no visit."""
    return not referrer or referrer[0] == INTERNAL
