"""The facts of a period, read from the event store: one scan, and one more for its pairs.

Rows come by visitor, and a visitor is a running number here. Rows
without a pseudonym count nowhere: nobody could say how many visitors they are of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from functools import partial

from askfirst.terms.attributes import Value
from askfirst_collector.store.events import TYPES, PeriodReader

from .disclosure import DayFacts, Facts
from .pairs import Frequent, Pair, Pairs
from .rule import MOST_A_DAY
from .tables import DERIVED, ENTRY, PAGES_SEEN, PAIR_LEVELS, Questions

_PAGE_VIEW, _ACTION = map(TYPES.index, ("page_view", "action"))
# Visitors of whom something was dropped are numbered from here down, those of whom the ledger knows
# from -1: each number is of one visitor.
FIRST_DROPPED = -(2**62)
INTERNAL = "internal"  # the channel of what came from the site itself

# What differs from page to page of one visitor.
_OF_PAGE = frozenset({"page", "referrer", "campaign"})

Codes = dict[int, set[int]]
# Who is in a group, and since when: each number is a visitor, and below it a day by `day_number`.
# In parts, as what is the same in many rows is grouped once; a visitor may be in several, and the
# first of their days counts.
FirstDays = Sequence[Sequence[int]]
DAY_BITS = 6
LAST_DAY = (1 << DAY_BITS) - 1


def day_number(at: str, day: str) -> int:
    """The number of a day (ISO 8601), not later than `day`, which is `LAST_DAY`."""
    return max(0, LAST_DAY - (date.fromisoformat(day) - date.fromisoformat(at)).days)


def read_facts(period: PeriodReader, questions: Questions, whole: str = "") -> Facts:
    """Group the rows of a period by every value that `questions` are about.

    `whole` is the day (ISO 8601) that is all of the period; else a row's `time` says its day.
    """
    value = period.values()
    names = [name for name in questions.trees if name not in DERIVED]
    columns = [*dict.fromkeys([*names, "action", "page", "referrer", "time"])]
    groups: dict[str, Codes] = {name: {} for name in (*questions.trees, *questions.apart)}
    views, days, unsized = _scan(period, names, columns, groups, value, whole)
    read = {ENTRY: "page"}
    trees = {
        name: {value(read.get(name, name), code): visitors for code, visitors in codes.items()}
        for name, codes in groups.items()
    }
    drops, unsized_drops = _dropped(period)
    trees["drops"] = {value("action", code): visitors for code, visitors in drops}
    if PAGES_SEEN in trees:
        for visitor, count in views.items():
            if count:
                pages = ("one",) if count == 1 else ("more",)
                trees[PAGES_SEEN].setdefault(pages, set()).add(visitor)
    return Facts(views.keys(), trees, days, unsized | unsized_drops)


class _Day:
    """What happened on one day so far."""

    def __init__(self) -> None:
        self.visitors: set[int] = set()
        self.views = 0
        self.visits = 0


def _scan(
    period: PeriodReader,
    names: Sequence[str],
    columns: Sequence[str],
    groups: Mapping[str, Codes],
    value: Callable[[str, int], Value],
    whole: str,
) -> tuple[dict[int, int], dict[str, DayFacts], set[int]]:
    """The page views of each visitor, what happened on each day, and who counts towards no size."""
    place = {name: number for number, name in enumerate(columns, 2)}
    trees = [(place[name], groups[name]) for name in names]
    entries, actions = groups.get(ENTRY, {}), groups.get("action", {})
    page_at, referrer_at, action_at = place["page"], place["referrer"], place["action"]
    time_at = place["time"]
    day_of: dict[int, str] = {}
    inner: dict[int, bool] = {}
    days: dict[str, _Day] = {}
    views: dict[str, int] = {}
    visits: dict[str, int] = {}
    of_crowded, unsized = period.unsized(), set[int]()
    viewed: dict[int, int] = {}
    last, visitor = 0, 0
    # The hot loop of closing: 2 to 3 µs a row, so hardly anything in here is a function of ours.
    for row in period.events(columns):
        number = row[0]
        if not number:
            continue
        if number != last:
            last = number
            visitor += 1
            views, visits = {}, {}
            viewed[visitor] = 0
            if number in of_crowded:
                unsized.add(visitor)
        for at, codes in trees:
            code = row[at]
            known = codes.get(code)
            if known is None:
                codes[code] = {visitor}
            else:
                known.add(visitor)
        if row[1] == _ACTION:
            actions.setdefault(row[action_at], set()).add(visitor)
        view, referrer = row[1] == _PAGE_VIEW, row[referrer_at]
        viewed[visitor] += view
        if referrer not in inner:
            inner[referrer] = _is_inner(value("referrer", referrer))
        begins = view and not inner[referrer]
        if begins:
            entries.setdefault(row[page_at], set()).add(visitor)
        time = row[time_at]
        day = day_of.get(time)
        if day is None:
            day = day_of[time] = whole or next(iter(value("time", time)), "")
        if not day:
            continue
        facts = days.get(day)
        if facts is None:
            facts = days[day] = _Day()
        facts.visitors.add(visitor)
        if view:
            count = views[day] = views.get(day, 0) + 1
            facts.views += count <= MOST_A_DAY
        if begins:
            count = visits[day] = visits.get(day, 0) + 1
            facts.visits += count <= MOST_A_DAY
    by_day = {day: DayFacts(own.visitors, own.views, own.visits) for day, own in days.items()}
    return viewed, by_day, unsized


@dataclass(frozen=True)
class Arrivals:
    """Everybody who came by the end of a day, and the visitors of each value.

    `day` is what happened on that day itself; None where nobody came.
    """

    day: DayFacts | None
    everybody: FirstDays
    trees: Mapping[str, Mapping[Value, FirstDays]]
    unsized: AbstractSet[int] = frozenset()


def read_arrivals(period: PeriodReader, questions: Questions, day: str) -> Arrivals:
    """Who came by the end of a day (ISO 8601), in one scan.

    Of rows that say their day, and of tables that are asked before a period closes.
    """
    value = period.values()
    # What is the same in most rows of a visitor stands first, and is looked at where it differs.
    trees = [name for name in questions.trees if name not in (*DERIVED, "time")]
    names = sorted(trees, key=_OF_PAGE.__contains__)
    middle, end = 3 + sum(name not in _OF_PAGE for name in names), 3 + len(names)
    referrer_at = 3 + names.index("referrer") if "referrer" in names else None
    # By the codes of a device, or a page, together: one look-up for all of them.
    devices: dict[tuple[int, ...], list[int]] = {}
    pages: dict[tuple[int, ...], list[int]] = {}
    actions: dict[tuple[int, ...], list[int]] = {}
    own = _Day()
    day_of: dict[int, int] = {}  # -1: of no day, or of a later one
    inner: dict[int, bool] = {}
    of_crowded, unsized = period.unsized(), set[int]()
    last, visitor, views, visits = 0, 0, 0, 0
    device: tuple[int, ...] | None = None
    since = 0
    # Asked for each day of a month, over all of it: as hot as the scan of closing.
    for row in period.events(["time", *names, "action"]):
        if not row[0]:
            continue
        if row[0] != last:
            last, device = row[0], None
            visitor += 1
            if last in of_crowded:
                unsized.add(visitor)
            views = visits = 0
        time = row[2]
        at = day_of.get(time)
        if at is None:
            name = next(iter(value("time", time)), "")
            at = day_of[time] = day_number(name, day) if "" < name <= day else -1
        if at < 0:
            continue
        number = (visitor << DAY_BITS) + at
        codes = row[3:middle]
        if codes != device or at < since:
            device, since = codes, at
            devices.setdefault(codes, []).append(number)
        numbers = pages.get(row[middle:end])
        if numbers is None:
            pages[row[middle:end]] = [number]
        elif numbers[-1] != number:
            numbers.append(number)
        if row[1] == _ACTION:
            actions.setdefault(row[end:], []).append(number)
        if at != LAST_DAY:
            continue
        own.visitors.add(visitor)
        if row[1] != _PAGE_VIEW:
            continue
        views += 1
        own.views += views <= MOST_A_DAY
        if referrer_at is not None:
            referrer = row[referrer_at]
            if referrer not in inner:
                inner[referrer] = _is_inner(value("referrer", referrer))
            if not inner[referrer]:
                visits += 1
                own.visits += visits <= MOST_A_DAY
    return Arrivals(
        DayFacts(own.visitors, own.views, own.visits) if own.visitors else None,
        [*devices.values()],
        {
            name: _by_value(group, at, partial(value, name))
            for group, columns in (
                (devices, names[: middle - 3]),
                (pages, names[middle - 3 :]),
                (actions, ["action"]),
            )
            for at, name in enumerate(columns)
        },
        unsized,
    )


def _by_value(
    groups: Mapping[tuple[int, ...], list[int]], at: int, value: Callable[[int], Value]
) -> dict[Value, list[list[int]]]:
    """What is grouped by several codes, by the value of the one that stands at `at`."""
    trees: dict[Value, list[list[int]]] = {}
    for codes, numbers in groups.items():
        trees.setdefault(value(codes[at]), []).append(numbers)
    return trees


def _is_inner(referrer: Value) -> bool:
    return not referrer or referrer[0] == INTERNAL


def read_pairs(period: PeriodReader, pairs: Sequence[Pair], frequent: Frequent) -> Pairs:
    """Which visitors have a row with both values; numbered as `read_facts` numbers them."""
    if not pairs:
        return {}
    value = period.values()
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    cuts: dict[str, dict[int, Value | None]] = {name: {} for name in names}
    groups: dict[Pair, dict[tuple[Value, Value], set[int]]] = {pair: {} for pair in pairs}
    last, visitor = 0, 0
    done: set[tuple[int, ...]] = set()
    for row in period.events(names):
        if not row[0]:
            continue
        if row[0] != last:
            last = row[0]
            visitor += 1
            done.clear()
        codes = row[2:]
        if codes in done:
            continue
        done.add(codes)
        values: dict[str, Value | None] = {}
        for name, code in zip(names, codes, strict=True):
            cut = cuts[name]
            if code not in cut:
                coarse = value(name, code)[: PAIR_LEVELS.get(name, 1)]
                cut[code] = coarse if coarse in frequent[name] else None
            values[name] = cut[code]
        for (a, b), own in groups.items():
            first, second = values[a], values[b]
            if first is not None and second is not None:
                own.setdefault((first, second), set()).add(visitor)
    return groups


def _dropped(period: PeriodReader) -> tuple[list[tuple[int, set[int]]], set[int]]:
    """Who was dropped for each reason, and who of them counts towards no size.

    Their numbers are none of those who visit.
    """
    groups: Codes = {}
    numbers: dict[int, int] = {}
    for number, reason in period.drops():
        if number:
            visitor = numbers.setdefault(number, FIRST_DROPPED - len(numbers))
            groups.setdefault(reason, set()).add(visitor)
    of_crowded = period.unsized()
    return list(groups.items()), {n for own, n in numbers.items() if own in of_crowded}
