"""Who shares each value of a period, in two statements: which values there are, and who has them.

Each value gets a number, and the numbers of a row stand side by side (see `fields`). What is the
same in all rows of a visitor is one integer, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.store.dictionary import time_value
from askfirst_collector.store.events import TYPES, StoreUnavailable
from askfirst_collector.store.facts import ENTRY, INTERNAL, MOST_A_DAY, PAGES_SEEN
from askfirst_collector.store.periods import DAY

from .fields import Field, asking, known
from .schema import END
from .server import Server
from .values import value_of
from .wire import Answer

_VIEW, _ACTION, _DROP = map(TYPES.index, ("page_view", "action", "drop"))
BEGINS = f"type = {_VIEW} AND referrer != '' AND NOT startsWith(referrer, '{INTERNAL}{END}')"
# What differs from row to row, and would make more integers of what does not.
_OF_ROW = ("page", "referrer", "campaign", "action", ENTRY)
LEVELS = 8  # more than any attribute has: room for a time's level in its code
TIME = f"if(time_level = 0, 0, time * {LEVELS} + time_level)"
# Of each integer the highest bits say what it is.
_TAG = _ROOM = 58
_TIME, _DAY, _CROWDED, _VIEWS, _VISITS = range(59, 64)


@dataclass(frozen=True)
class Groups:
    """The visitors of each value, of each day since 1970, and of those who count to no size.

    `trees` has what the rows of actions say under `action`. Of each visitor `MOST_A_DAY` page views
    and visits are counted, as if all were of one day.
    """

    everybody: BitMap
    crowded: BitMap
    trees: Mapping[str, Mapping[Value, BitMap]]
    days: Mapping[int, BitMap]
    views: int
    visits: int


def read_groups(
    server: Server,
    names: Mapping[str, object],
    among: str,
    trees: Collection[str],
    *,
    actions: bool,
    dated: bool,
) -> Groups:
    """Who shares each value of these; `among` says, with `names`, which rows.

    Raises StoreUnavailable, also where a row came with a value that there was not.
    """
    columns = {name: name for name in trees if name not in (PAGES_SEEN, ENTRY, "time")}
    if ENTRY in trees:
        columns[ENTRY] = "page"
    if actions:
        columns["action"] = "action"
    contents = _contents(server, names, among, sorted(set(columns.values())))
    if contents and not any(contents.values()):
        return Groups(BitMap(), BitMap(), {name: {} for name in trees}, {}, 0, 0)
    words = _words(columns, contents)
    with asking(server, contents) as draw:
        query = _query(words, columns, draw, among, is_timed="time" in trees, dated=dated)
        answer = Answer(server.ask(query, names))
    return _read(answer, words, trees, actions=actions)


def _contents(
    server: Server, names: Mapping[str, object], among: str, columns: Sequence[str]
) -> dict[str, list[str]]:
    """The texts of each of these columns, as the engine sorts them."""
    contents: dict[str, list[str]] = {name: [] for name in columns}
    if not columns:
        return contents
    shown, sets = ", ".join(columns), ", ".join(f"({name})" for name in columns)
    answer = Answer(
        server.ask(
            f"SELECT toInt64(grouping({shown})), toString(concat({shown}, '')) FROM event"  # noqa: S608
            f" WHERE {among} AND visitor != '' AND type != {_DROP}"
            f" GROUP BY GROUPING SETS ({sets})",
            names,
        )
    )
    while answer:
        # One bit for each column, the first the highest: 0 where it is grouped by.
        bit = ~answer.number() & ((1 << len(columns)) - 1)
        contents[columns[len(columns) - bit.bit_length()]].append(answer.text())
    return {name: sorted(own, key=str.encode) for name, own in contents.items()}


def _words(columns: Mapping[str, str], contents: Mapping[str, list[str]]) -> list[list[Field]]:
    """Fields that stand in one integer, of as few integers as there is room in."""
    words: list[list[Field]] = []
    at, before = 0, None
    for name in sorted(columns, key=_OF_ROW.__contains__):
        values = [value_of(text) for text in contents[columns[name]]]
        field = Field(name, values, at)
        is_of_row = name in _OF_ROW
        if at + field.bits > _ROOM or is_of_row is not before:
            words.append([])
            at, before = 0, is_of_row
            field = Field(name, values, at)
        words[-1].append(field)
        at += field.bits
    return words


def _query(
    words: Sequence[Sequence[Field]],
    columns: Mapping[str, str],
    draw: str,
    among: str,
    *,
    is_timed: bool,
    dated: bool,
) -> str:
    """The statement: what an integer is and says, and the numbers of those who have it."""
    conditions = {ENTRY: BEGINS, "action": f"type = {_ACTION}"}
    lists, groups = [], []
    tags = iter(range(_TIME))
    for number, word in enumerate(words):
        parts = []
        for field in word:
            own = f"toUInt64({known(columns[field.name], columns[field.name], draw)})"
            if field.name in conditions:
                own = f"if({conditions[field.name]}, {own}, 0)"
            parts.append(f"{own} * {1 << field.shift}")
            groups.append(_tagged(next(tags), f"bitAnd(x, toUInt64({field.mask}))", f"w{number}"))
        lists.append(f"{_distinct(' + '.join(parts))} AS w{number}")
    if dated or is_timed:
        lists.append(f"{_distinct(f'toUInt64({TIME})')} AS times")
    if is_timed:
        groups.append(_tagged(_TIME, "x", "times"))
    if dated:
        groups.append(_tagged(_DAY, f"intDiv(x, {LEVELS * DAY})", "arrayFilter(x -> x > 0, times)"))
    for tag, name, condition in ((_VIEWS, "views", f"type = {_VIEW}"), (_VISITS, "visits", BEGINS)):
        lists.append(f"toUInt64(least(countIf({condition}), {MOST_A_DAY})) AS {name}")
        groups.append(_tagged(tag, "x", f"[{name}]"))
    groups.append(_tagged(_CROWDED, "x", "[crowded]"))
    return (
        f"SELECT toInt64(bitShiftRight(code, {_TAG})), toInt64(bitAnd(code, toUInt64("  # noqa: S608
        f"{(1 << _TAG) - 1}))), groupArray(number)"
        " FROM (SELECT toUInt32(rowNumberInAllBlocks() + 1) AS number,"
        f" arrayConcat({', '.join(groups)}) AS codes"
        f" FROM (SELECT toUInt64(max(sized = 0)) AS crowded, {', '.join(lists)}"
        f" FROM event WHERE {among} AND visitor != '' GROUP BY visitor"
        f" HAVING max(type != {_DROP}) SETTINGS optimize_aggregation_in_order = 1))"
        " ARRAY JOIN codes AS code GROUP BY code"
    )


def _distinct(integer: str) -> str:
    return f"arrayDistinct(groupArrayIf({integer}, type != {_DROP}))"


def _tagged(tag: int, integer: str, source: str) -> str:
    return f"arrayDistinct(arrayMap(x -> bitOr({integer}, toUInt64({tag << _TAG})), {source}))"


def _read(
    answer: Answer, words: Sequence[Sequence[Field]], trees: Collection[str], *, actions: bool
) -> Groups:
    fields = [field for word in words for field in word]
    leaves: dict[str, dict[Value, BitMap]] = {name: {} for name in trees}
    if actions:
        leaves["action"] = {}
    days: dict[int, BitMap] = {}
    everybody, crowded = BitMap(), BitMap()
    views = visits = 0
    for tag, code, visitors in _answers(answer):
        if tag == _TIME:
            seconds, level = divmod(code, LEVELS)
            leaves["time"][time_value(seconds if level else None, level)] = visitors
        elif tag == _DAY:
            days[code] = visitors
        elif tag == _CROWDED:
            everybody |= visitors
            crowded |= visitors if code else BitMap()
        elif tag == _VISITS:
            visits += code * len(visitors)
        elif tag == _VIEWS:
            views += code * len(visitors)
            if code and PAGES_SEEN in trees:
                own = leaves[PAGES_SEEN].setdefault(("more" if code > 1 else "one",), BitMap())
                own |= visitors
        elif tag < len(fields):
            field = fields[tag]
            if code:
                leaves[field.name][field.value(code)] = visitors
            elif field.name not in (ENTRY, "action"):
                raise StoreUnavailable("rows came meanwhile: the period is asked again")
    return Groups(everybody, crowded, leaves, days, views, visits)


def _answers(answer: Answer) -> Iterator[tuple[int, int, BitMap]]:
    while answer:
        yield answer.number(), answer.number(), answer.visitors()
