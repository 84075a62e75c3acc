"""The facts of a period, read from the event store: one scan, and one more for its pairs.

Rows lie together by visitor, so a visitor is a running number here and no pseudonym is kept. Rows
without a pseudonym count nowhere: nobody could say how many visitors they are of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from askfirst.terms.attributes import Value
from askfirst_collector.store.events import TYPES, PeriodReader

from .disclosure import DayFacts, Facts
from .pairs import Frequent, Pair, Pairs
from .rule import MOST_A_DAY
from .tables import ENTRY, PAIR_LEVELS, Questions

_PAGE_VIEW, _ACTION = map(TYPES.index, ("page_view", "action"))
INTERNAL = "internal"  # the channel of what came from the site itself

Codes = dict[int, set[int]]


def read_facts(period: PeriodReader, questions: Questions, whole: str = "") -> Facts:
    """Group the rows of a period by every value that `questions` are about.

    `whole` is the day (ISO 8601) that is all of the period; else a row's `time` says its day.
    """
    value = period.values()
    names = [name for name in questions.trees if name != ENTRY]
    columns = [*dict.fromkeys([*names, "action", "page", "referrer", "time"])]
    groups: dict[str, Codes] = {name: {} for name in (*questions.trees, *questions.apart)}
    total, days = _scan(period, names, columns, groups, value, whole)
    read = {ENTRY: "page"}
    trees = {
        name: {value(read.get(name, name), code): visitors for code, visitors in codes.items()}
        for name, codes in groups.items()
    }
    trees["drops"] = {value("action", code): visitors for code, visitors in _dropped(period)}
    return Facts(total, trees, days)


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
) -> tuple[set[int], dict[str, DayFacts]]:
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
    last, visitor = b"", 0
    # The hot loop of closing: 2 to 3 µs a row, so hardly anything in here is a function of ours.
    for row in period.events(columns):
        pseudonym = row[0]
        if not pseudonym:
            continue
        if pseudonym != last:
            last = pseudonym
            visitor += 1
            views, visits = {}, {}
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
        if referrer not in inner:
            channel = value("referrer", referrer)
            inner[referrer] = not channel or channel[0] == INTERNAL
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
    return set(range(1, visitor + 1)), by_day


def read_arrivals(
    period: PeriodReader, questions: Questions
) -> tuple[dict[int, str], dict[str, dict[Value, dict[int, str]]]]:
    """Everybody, and the visitors of each value, by the first day they were there.

    Of rows that say their day, and of tables that are asked before a period closes.
    """
    value = period.values()
    singles = [name for name in (*questions.trees, "action") if name not in (ENTRY, "time")]
    columns = ["time", *singles]
    everybody: dict[int, str] = {}
    groups: list[dict[int, dict[int, str]]] = [{} for _ in singles]
    actions = groups[-1]
    others = groups[:-1]
    day_of: dict[int, str] = {}
    last, visitor = b"", 0
    for row in period.events(columns):
        if not row[0]:
            continue
        if row[0] != last:
            last = row[0]
            visitor += 1
        time = row[2]
        day = day_of.get(time)
        if day is None:
            day = day_of[time] = next(iter(value("time", time)), "")
        if not day:
            continue
        if visitor not in everybody or day < everybody[visitor]:
            everybody[visitor] = day
        codes = zip(others, row[3:], strict=False)
        for own, code in [*codes, (actions, row[-1])] if row[1] == _ACTION else codes:
            first = own.setdefault(code, {})
            if visitor not in first or day < first[visitor]:
                first[visitor] = day
    trees = {
        name: {value(name, code): first for code, first in own.items()}
        for name, own in zip(singles, groups, strict=True)
    }
    return everybody, trees


def read_pairs(period: PeriodReader, pairs: Sequence[Pair], frequent: Frequent) -> Pairs:
    """Which visitors have a row with both values; numbered as `read_facts` numbers them."""
    if not pairs:
        return {}
    value = period.values()
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    cuts: dict[str, dict[int, Value | None]] = {name: {} for name in names}
    groups: dict[Pair, dict[tuple[Value, Value], set[int]]] = {pair: {} for pair in pairs}
    last, visitor = b"", 0
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


def _dropped(period: PeriodReader) -> list[tuple[int, set[int]]]:
    groups: Codes = {}
    numbers: dict[bytes, int] = {}
    for pseudonym, reason in period.drops():
        if pseudonym:
            visitor = numbers.setdefault(pseudonym, len(numbers) + 1)
            groups.setdefault(reason, set()).add(visitor)
    return list(groups.items())
