"""The facts of a period of `events.db`: one scan of its rows, and one more for its pairs.

Rows come by visitor, so that each is numbered as they come. Rows without a pseudonym count nowhere:
nobody could say how many visitors they are of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from pyroaring import BitMap

from askfirst.terms.attributes import Value

from .events import TYPES
from .facts import (
    DAY_BITS,
    DERIVED,
    ENTRY,
    FIRST_DROPPED,
    LAST_DAY,
    MOST_A_DAY,
    PAGES_SEEN,
    Arrivals,
    DayFacts,
    Facts,
    day_number,
    is_internal,
)

_PAGE_VIEW, _ACTION = map(TYPES.index, ("page_view", "action"))

# What differs from page to page of one visitor.
_OF_ROW = frozenset({"page", "referrer", "campaign", "time"})

Codes = dict[int, BitMap]


class CodedRows(Protocol):
    """The rows of one period as numbers.

    A value is a number here, a code, that means the same everywhere in the period; of `time` it is
    one of its attribute alone. A visitor is a number of the period too; rows of nobody
    are left out.
    """

    def events(self, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Each row of a visitor but the drops: visitor, type, and the code of each name.

        A type is its place in `TYPES`. The rows of one visitor come one after the other.
        """
        ...

    def drops(self) -> Iterator[tuple[int, int]]:
        """Visitor and code of the reason, an `action`, of each drop."""
        ...

    def unsized(self) -> set[int]:
        """The visitors who count towards no size: too many of their network came before."""
        ...

    def values(self) -> Callable[[str, int], Value]:
        """What the code of an attribute, by its name, means."""
        ...


def read_facts(
    period: CodedRows, trees: Collection[str], apart: Collection[str], whole: str
) -> Facts:
    """Group the rows of a period by every value that is asked about (see `PeriodReader`)."""
    value = period.values()
    of_rows = (name for name in trees if name not in DERIVED)
    names = sorted(of_rows, key=_OF_ROW.__contains__)
    columns = [*dict.fromkeys([*names, "action", "page", "referrer", "time"])]
    groups: dict[str, Codes] = {name: {} for name in (*trees, *apart)}
    visitors, days, unsized = _scan(period, names, columns, groups, value, whole)
    read = {ENTRY: "page"}
    leaves = {
        name: {value(read.get(name, name), code): own for code, own in codes.items()}
        for name, codes in groups.items()
        if name != PAGES_SEEN
    }
    if PAGES_SEEN in groups:
        pages = ("one",), ("more",)
        leaves[PAGES_SEEN] = {pages[more]: own for more, own in groups[PAGES_SEEN].items()}
    drops, unsized_drops = _dropped(period)
    leaves["drops"] = {value("action", code): own for code, own in drops.items()}
    return Facts(BitMap(range(1, visitors + 1)), leaves, days, unsized | unsized_drops)


class _Day:
    """What happened on one day so far; of the visitor who is looked at, also how often."""

    __slots__ = ("own_views", "own_visits", "views", "visitor", "visitors", "visits")

    def __init__(self) -> None:
        self.visitors = BitMap()
        self.visitor = self.own_views = self.own_visits = self.views = self.visits = 0

    def add(self, visitor: int) -> None:
        self.visitors.add(visitor)
        self.visitor, self.own_views, self.own_visits = visitor, 0, 0


def _scan(
    period: CodedRows,
    names: Sequence[str],
    columns: Sequence[str],
    groups: Mapping[str, Codes],
    value: Callable[[str, int], Value],
    whole: str,
) -> tuple[int, dict[str, DayFacts], BitMap]:
    """How many visitors there are, what happened on each day, and who counts towards no size."""
    place = {name: number for number, name in enumerate(columns, 2)}
    # What is the same in most rows of a visitor is looked at where any of it differs.
    same = [name for name in names if name not in _OF_ROW]
    devices = [(number, groups[name]) for number, name in enumerate(same)]
    first, middle = 2, 2 + len(same)
    others = [(place[name], groups[name]) for name in names if name in _OF_ROW]
    entries, actions = groups.get(ENTRY, {}), groups.get("action", {})
    pages_seen = groups.get(PAGES_SEEN, {})
    page_at, referrer_at, action_at = place["page"], place["referrer"], place["action"]
    time_at = place["time"]
    days: dict[str, _Day] = {}
    day_of: dict[int, _Day | None] = {}
    inner: dict[int, bool] = {}
    of_crowded, unsized = period.unsized(), BitMap()
    device: tuple[int, ...] = ()
    last, visitor, viewed = 0, 0, 0
    # The hot loop of closing: 2 µs a row, so hardly anything in here is a function of ours.
    for row in period.events(columns):
        number = row[0]
        if number != last:
            if viewed:
                _add(pages_seen, viewed > 1, visitor)
            last, device = number, ()
            visitor += 1
            viewed = 0
            if number in of_crowded:
                unsized.add(visitor)
        own = row[first:middle]
        if own != device:
            device = own
            for at, codes in devices:
                code = own[at]
                known = codes.get(code)
                if known is None:
                    codes[code] = BitMap((visitor,))
                else:
                    known.add(visitor)
        for at, codes in others:
            code = row[at]
            known = codes.get(code)
            if known is None:
                codes[code] = BitMap((visitor,))
            else:
                known.add(visitor)
        if row[1] == _ACTION:
            _add(actions, row[action_at], visitor)
        time = row[time_at]
        if time not in day_of:
            name = whole or next(iter(value("time", time)), "")
            day_of[time] = days.setdefault(name, _Day()) if name else None
        day = day_of[time]
        if day is not None and day.visitor != visitor:
            day.add(visitor)
        if row[1] != _PAGE_VIEW:
            continue
        viewed += 1
        if day is not None:
            day.own_views += 1
            if day.own_views <= MOST_A_DAY:
                day.views += 1
        referrer = row[referrer_at]
        if referrer not in inner:
            inner[referrer] = is_internal(value("referrer", referrer))
        if inner[referrer]:
            continue
        _add(entries, row[page_at], visitor)
        if day is not None:
            day.own_visits += 1
            if day.own_visits <= MOST_A_DAY:
                day.visits += 1
    if viewed:
        _add(pages_seen, viewed > 1, visitor)
    by_day = {day: DayFacts(own.visitors, own.views, own.visits) for day, own in days.items()}
    return visitor, by_day, unsized


def _add(groups: Codes, code: int, visitor: int) -> None:
    known = groups.get(code)
    if known is None:
        groups[code] = BitMap((visitor,))
    else:
        known.add(visitor)


def read_arrivals(period: CodedRows, tables: Collection[str], day: str) -> Arrivals:
    """Who came by the end of a day, in one scan (see `PeriodReader`)."""
    value = period.values()
    # What is the same in most rows of a visitor stands first, and is looked at where it differs.
    trees = [name for name in tables if name not in (*DERIVED, "time")]
    names = sorted(trees, key=_OF_ROW.__contains__)
    middle = 3 + sum(name not in _OF_ROW for name in names)
    # By the code of a value and, in the last bits, a day.
    groups: dict[str, Codes] = {name: {} for name in (*names, "action", "")}
    devices = [(at, groups[name]) for at, name in enumerate(names[: middle - 3])]
    others = [(at, groups[name]) for at, name in enumerate(names[middle - 3 :], middle)]
    everybody, actions = groups[""], groups["action"]
    referrer_at = 3 + names.index("referrer") if "referrer" in names else None
    action_at = 3 + len(names)
    own = _Day()
    day_of: dict[int, int] = {}  # -1: of no day, or of a later one
    inner: dict[int, bool] = {}
    of_crowded, unsized = period.unsized(), BitMap()
    last, visitor = 0, 0
    device: tuple[int, ...] | None = None
    since = 0
    # Asked for each day of a month, over all of it: as hot as the scan of closing.
    for row in period.events(["time", *names, "action"]):
        if row[0] != last:
            last, device, since = row[0], None, LAST_DAY + 1
            visitor += 1
            if last in of_crowded:
                unsized.add(visitor)
        time = row[2]
        at = day_of.get(time)
        if at is None:
            name = next(iter(value("time", time)), "")
            at = day_of[time] = day_number(name, day) if "" < name <= day else -1
        if at < 0:
            continue
        codes = row[3:middle]
        if codes != device or at < since:
            if at < since:
                _add(everybody, at, visitor)
            device, since = codes, at
            for place, devices_of in devices:
                _add(devices_of, (codes[place] << DAY_BITS) + at, visitor)
        for place, values in others:
            code = (row[place] << DAY_BITS) + at
            known = values.get(code)
            if known is None:
                values[code] = BitMap((visitor,))
            else:
                known.add(visitor)
        if row[1] == _ACTION:
            _add(actions, (row[action_at] << DAY_BITS) + at, visitor)
        if at != LAST_DAY:
            continue
        if own.visitor != visitor:
            own.add(visitor)
        if row[1] != _PAGE_VIEW:
            continue
        own.own_views += 1
        own.views += own.own_views <= MOST_A_DAY
        if referrer_at is not None:
            referrer = row[referrer_at]
            if referrer not in inner:
                inner[referrer] = is_internal(value("referrer", referrer))
            if not inner[referrer]:
                own.own_visits += 1
                own.visits += own.own_visits <= MOST_A_DAY
    return Arrivals(
        DayFacts(own.visitors, own.views, own.visits) if own.visitors else None,
        everybody,
        {name: _by_value(groups[name], partial(value, name)) for name in (*names, "action")},
        unsized,
    )


def _by_value(codes: Codes, value: Callable[[int], Value]) -> dict[Value, dict[int, BitMap]]:
    """What is grouped by code and day, by the value and then by the day."""
    trees: dict[Value, dict[int, BitMap]] = {}
    for code, visitors in codes.items():
        trees.setdefault(value(code >> DAY_BITS), {})[code & LAST_DAY] = visitors
    return trees


def _dropped(period: CodedRows) -> tuple[Codes, BitMap]:
    """Who was dropped for each reason, and who of them counts towards no size.

    Their numbers are none of those who visit.
    """
    groups: Codes = {}
    numbers: dict[int, int] = {}
    for number, reason in period.drops():
        _add(groups, reason, numbers.setdefault(number, FIRST_DROPPED + len(numbers)))
    of_crowded = period.unsized()
    return groups, BitMap([n for number, n in numbers.items() if number in of_crowded])
