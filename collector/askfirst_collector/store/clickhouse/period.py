"""The questions of one period, each a SELECT that ClickHouse groups by itself.

A visitor's number is its rank among the pseudonyms of the period, so that it is the same in every
statement while nobody is erased. Where somebody was meanwhile, there are fewer: it is asked anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from functools import cached_property

from pyroaring import BitMap

from askfirst_collector.store.events import TYPES, Limits, PeriodKey, StoreUnavailable
from askfirst_collector.store.facts import (
    DERIVED,
    FIRST_DROPPED,
    LAST_DAY,
    MOST_A_DAY,
    Arrivals,
    Asked,
    DayFacts,
    Facts,
    Frequent,
    Leaves,
    Pair,
    Pairs,
    nobody_asked,
)
from askfirst_collector.store.periods import DAY, period_after

from .arrivals import read_arrivals
from .groups import BEGINS, Extent, Wanted, read_groups
from .pairs import ask_pairs
from .server import Server
from .values import value_of
from .wire import Answer

_VIEW, _ACTION, _DROP = map(TYPES.index, ("page_view", "action", "drop"))
_EPOCH = date(1970, 1, 1).toordinal()
# A value that no row has: of rows that a table is not about.
_NONE = "\x1e"

WHERE = (
    "site = {site:String} AND collector = {collector:String} AND purpose = {purpose:String}"
    " AND closes = {closes:String} AND period = {period:String} AND kept = {kept:UInt8}"
)
# Of whom is left out, as somebody who restricts is, nothing is asked.
_OUT = "(SELECT content FROM asked WHERE draw = {without:String})"
_AMONG = f"{WHERE} AND visitor NOT IN {_OUT}"
_CROWDED = f"visitor IN (SELECT visitor FROM event WHERE {_AMONG} AND sized = 0)"  # noqa: S608
_VISITS = f"{_AMONG} AND visitor != '' AND type != {_DROP}"
_DAY = f"if(time_level = 0, -1, intDiv(time, {DAY}))"


def parameters(key: PeriodKey, is_kept: bool) -> dict[str, object]:
    """What `WHERE` leaves open."""
    fields = ("site", "collector", "purpose", "closes", "period")
    return {**{name: getattr(key, name) for name in fields}, "kept": int(is_kept)}


class ClickHousePeriod:
    """`PeriodReader` of a period on a server; `is_kept` says which of its rows.

    `without` is where those stand who are not in it (see `Server.asking`); "" for nobody.
    """

    def __init__(self, server: Server, key: PeriodKey, is_kept: bool, without: str = "") -> None:
        self._server = server
        self._parameters = {**parameters(key, is_kept), "without": without}

    def limits(self) -> Limits | None:
        """The limits of the rows; None where there are none."""
        return self._own[0] if self._own[1].rows else None

    @cached_property
    def _own(self) -> tuple[Limits, Extent]:
        answer = self._ask(
            "SELECT toInt64(max(min_cell_size)), toInt64(min(retention_days)),"  # noqa: S608
            " toInt64(max(keep_rows_days)), toInt64(count()), toInt64(max(time_level))"
            f" FROM event WHERE {_AMONG}"
        )
        size, retention, keep, rows, time_level = answer.numbers(5)
        return Limits(size, retention, keep), Extent(rows, time_level)

    def facts(
        self,
        trees: Collection[str],
        apart: Collection[str],
        whole: str = "",
        *,
        most: int | None = None,
        is_asked: Asked = nobody_asked,
    ) -> Facts:
        """Who shares each value of these tables, and what happened on each day."""
        days = (
            ()
            if whole
            else tuple(day for day in self._own_days() if is_asked("time", (_iso(day),)))
        )
        wanted = Wanted(trees, "action" in apart, not whole, most, is_asked, days)
        groups = read_groups(self._server, self._parameters, _AMONG, wanted, self._own[1])
        drops, unsized = self._drops()
        everybody = BitMap(range(1, groups.visitors + 1))
        apart_leaves = {name: groups.trees.get(name, {}) for name in apart} | {"drops": drops}
        if not whole:
            happened = self._days(groups.days)
        else:
            own = DayFacts(everybody, groups.views, groups.visits)
            happened = {whole: own} if everybody else {}
        leaves = {**groups.trees, **apart_leaves}
        return Facts(everybody, leaves, happened, groups.crowded | unsized, groups.sizes)

    def _own_days(self) -> range:
        """The days since 1970 that the period has."""
        closes, period = (str(self._parameters[name]) for name in ("closes", "period"))
        first, after = (date.fromisoformat(day) for day in (period, period_after(closes, period)))
        return range(first.toordinal() - _EPOCH, after.toordinal() - _EPOCH)

    def arrivals(self, trees: Collection[str], day: str) -> Arrivals:
        """Who came by the end of a day, of rows that say their day."""
        tables = [name for name in trees if name not in (*DERIVED, "time")]
        last = date.fromisoformat(day).toordinal() - _EPOCH
        rows = self._own[1].rows
        came = read_arrivals(self._server, self._parameters, _AMONG, tables, last, rows)
        own = came.everybody.get(LAST_DAY)
        happened = self._days({last: own} if own is not None else {})
        return Arrivals(happened.get(day), came.everybody, came.trees, came.crowded)

    def pairs(self, facts: Facts, pairs: Collection[Pair], frequent: Frequent, size: int) -> Pairs:
        """How many visitors have a row with both of two frequent values."""
        if not pairs:
            return {}
        rows = self._own[1].rows
        answers, visitors = ask_pairs(
            self._server, self._parameters, _AMONG, facts, pairs, frequent, size, rows
        )
        if visitors != len(facts.total):
            raise StoreUnavailable("rows were removed meanwhile: the period is asked again")
        return answers

    def newcomers(self, midnight: int, since: int, until: int) -> int:
        """Visitors whose first row of a day is from `since` to `until` (see `PeriodReader`)."""
        answer = self._ask(
            "SELECT toInt64(count()) FROM (SELECT min(time) AS first FROM event"  # noqa: S608
            f" WHERE {_VISITS} AND time_level > 1"
            f" AND time >= {int(midnight)} AND time < {int(until)}"
            f" GROUP BY visitor HAVING min(sized) > 0) WHERE first >= {int(since)}"
        )
        return answer.number()

    def _ask(self, query: str) -> Answer:
        return Answer(self._server.ask(query, self._parameters))

    def _drops(self) -> tuple[Leaves, BitMap]:
        """Who was dropped for each reason, and who of them counts towards no size.

        Their numbers are none of those who visit.
        """
        answer = self._ask(
            "SELECT reason, bitmapToArray(groupBitmapState(number)) FROM (SELECT"  # noqa: S608
            f" toUInt32({FIRST_DROPPED} - 1 + row_number() OVER (ORDER BY visitor)) AS number,"
            " arrayJoin(reasons) AS reason FROM (SELECT visitor,"
            f" arrayConcat(groupUniqArray(toString(action)), any({_CROWDED}) ? ['{_NONE}'] : [])"
            f" AS reasons FROM event WHERE {_AMONG} AND visitor != '' AND type = {_DROP}"
            " GROUP BY visitor)) GROUP BY reason"
        )
        reasons, unsized = {}, BitMap()
        while answer:
            text = answer.text()
            if text == _NONE:
                unsized = answer.visitors()
            else:
                reasons[value_of(text)] = answer.visitors()
        return reasons, unsized

    def _days(self, groups: Mapping[int, BitMap]) -> dict[str, DayFacts]:
        """What happened on the days of these groups."""
        answer = self._ask(
            f"SELECT toInt64(day), toInt64(sum(least(views, {MOST_A_DAY}))),"  # noqa: S608
            f" toInt64(sum(least(visits, {MOST_A_DAY}))) FROM (SELECT {_DAY} AS day,"
            f" countIf(type = {_VIEW}) AS views, countIf({BEGINS}) AS visits FROM event"
            f" WHERE {_AMONG} AND visitor != '' AND type = {_VIEW} GROUP BY visitor, day)"
            " GROUP BY day"
        )
        counts = {}
        while answer:
            number, views, visits = (answer.number() for _ in range(3))
            counts[number] = views, visits
        return {
            _iso(number): DayFacts(visitors, *counts.get(number, (0, 0)))
            for number, visitors in groups.items()
        }


def _iso(number: int) -> str:
    return date.fromordinal(_EPOCH + number).isoformat()
