"""Who shares each value of a period: which values there are, and how many have each of them.

Each value gets a number, and the numbers of a row stand side by side (see `fields`). What is the
same in all rows of a visitor is one integer, however many rows there are. Who has a value is said
where few have it; of many, how many they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.store.dictionary import time_value
from askfirst_collector.store.events import TYPES, StoreUnavailable
from askfirst_collector.store.facts import (
    ENTRY,
    INTERNAL,
    MOST_A_DAY,
    PAGES_SEEN,
    Asked,
    Shared,
    Sizes,
    nobody_asked,
)
from askfirst_collector.store.periods import DAY

from .fields import Field, asking, known, nested
from .schema import END
from .server import Server
from .slices import slices
from .values import value_of
from .wire import Answer

_VIEW, _ACTION, _DROP = map(TYPES.index, ("page_view", "action", "drop"))
BEGINS = f"type = {_VIEW} AND referrer != '' AND NOT startsWith(referrer, '{INTERNAL}{END}')"
# What differs from row to row, and would make more integers of what does not.
_OF_ROW = ("page", "referrer", "campaign", "action")
LEVELS = 8  # more than any attribute has: room for a time's level in its code
TIME = f"if(time_level = 0, 0, time * {LEVELS} + time_level)"
SECONDS = (86_400, 3_600, 60, 1)  # of each level of a time
# Of each integer the highest bits say what it is: a field, or one of these.
_TAG = 58
# The next two say that visitors count towards no size, and that it is asked who they are.
_OF_CROWDED, _NAMED, _ROOM = 1 << 57, 1 << 56, 56
SEEN = f"type != {_DROP}"
_TIME = 54  # as it is; then cut to one part, to two and three
_DAY, ANYBODY, _VIEWS, _VISITS = range(60, 64)


@dataclass
class Groups:
    """How many share each value, and who, where that is asked or few do.

    `trees` has what the rows of actions say under `action`; `crowded` are those who count to no
    size. Of each visitor `MOST_A_DAY` page views and visits are counted, as if all were of one day.
    """

    visitors: int = 0
    crowded: BitMap = field(default_factory=BitMap)
    trees: dict[str, dict[Value, BitMap]] = field(default_factory=dict)
    sizes: dict[str, Sizes] = field(default_factory=dict)
    days: dict[int, BitMap] = field(default_factory=dict)
    views: int = 0
    visits: int = 0


@dataclass(frozen=True)
class Wanted:
    """What is asked for: as `PeriodReader.facts` has it, and whether by day."""

    trees: Collection[str]
    actions: bool
    dated: bool
    most: int | None = None
    is_asked: Asked = nobody_asked
    days: Collection[int] = ()  # since 1970, of whose times it is asked who came


@dataclass(slots=True)
class Group:
    """One that is read: how many, and who of them is known."""

    visitors: int = 0
    crowded: int = 0
    who: BitMap = field(default_factory=BitMap)


Answers = dict[tuple[int, int], Group]  # by what a code is, and what it says


@dataclass(frozen=True)
class Extent:
    """How many rows there are, and how fine the times are that they say."""

    rows: int
    time_level: int


def read_groups(
    server: Server, names: Mapping[str, object], among: str, wanted: Wanted, extent: Extent
) -> Groups:
    """Who shares each value; `among` says, with `names`, which rows.

    Raises StoreUnavailable, also where a row came with a value that there was not.
    """
    columns = {name for name in wanted.trees if name not in (PAGES_SEEN, ENTRY, "time")}
    columns |= {"page"} if ENTRY in wanted.trees else set()
    columns |= {"action"} if wanted.actions else set()
    contents = read_contents(server, names, among, sorted(columns))
    words = words_of(contents, has_entries=ENTRY in wanted.trees)
    fields = [own for word in words for own in word]
    read: Answers = {}
    visitors = 0
    with asking(server, fields) as draw:
        for part in slices(extent.rows):
            lists, groups = _lists(words, wanted, extent, draw)
            query = query_of(lists, groups, f"{among} AND {part}", visitors, wanted.most)
            visitors += add_answer(read, Answer(server.ask(query, names)))
    return _read(read, _tables(fields, wanted), wanted)


def read_contents(
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


def words_of(
    contents: Mapping[str, Sequence[str]], *, has_entries: bool = False, start: int = 0
) -> list[list[Field]]:
    """Fields that stand in one integer, from bit `start` on; of as few integers as have room."""
    words: list[list[Field]] = []
    at, before = start, None
    for name in sorted(contents, key=_OF_ROW.__contains__):
        has_mark, is_of_row = has_entries and name == "page", name in _OF_ROW
        one = nested(name, [value_of(text) for text in contents[name]], _ROOM, has_mark=has_mark)
        if at + one.bits > _ROOM or is_of_row is not before:
            words.append([])
            at, before = start, is_of_row
        words[-1].append(replace(one, shift=at))
        at += one.bits
    return words


def _lists(
    words: Sequence[Sequence[Field]], wanted: Wanted, extent: Extent, draw: str
) -> tuple[list[str], list[str]]:
    """What is kept of a visitor's rows in SQL, and the codes that it makes."""
    lists, groups = [], []
    tables = _tables([own for word in words for own in word], wanted)
    for number, word in enumerate(words):
        lists.append(f"{distinct(' + '.join(number_in(own, draw) for own in word))} AS w{number}")
        for tag, (own, table, level) in enumerate(tables):
            if any(own is one for one in word):
                bits = own.cuts[level] << own.shift if level else own.mask
                only, source = f"bitAnd(x, toUInt64({bits}))", f"w{number}"
                if table == ENTRY:
                    source = f"arrayFilter(x -> bitAnd(x, toUInt64({own.mark})) != 0, {source})"
                codes = [] if level else _named(own, table, wanted)
                groups.append(
                    tagged(tag, _with(only, only, codes), source, is_named=own.lacks_cuts)
                )
    if wanted.dated or "time" in wanted.trees:
        lists.append(f"{distinct(f'toUInt64({TIME})')} AS times")
    if "time" in wanted.trees:
        of_days = _with("x", f"intDiv(x, {LEVELS * DAY})", wanted.days)
        groups.append(tagged(_TIME, of_days, "times"))
        for level in range(1, extent.time_level):
            unit = LEVELS * SECONDS[level - 1]
            finer = f"arrayFilter(x -> bitAnd(x, {LEVELS - 1}) >= {level}, times)"
            groups.append(tagged(_TIME + level, f"intDiv(x, {unit}) * {unit} + {level}", finer))
    if wanted.dated:
        day, dated = f"intDiv(x, {LEVELS * DAY})", "arrayFilter(x -> x > 0, times)"
        groups.append(tagged(_DAY, day, dated, is_named=True))
    for tag, name, condition in ((_VIEWS, "views", f"type = {_VIEW}"), (_VISITS, "visits", BEGINS)):
        lists.append(f"toUInt64(least(countIf({condition}), {MOST_A_DAY})) AS {name}")
        groups.append(tagged(tag, "x", f"[{name}]"))
    groups.append(tagged(ANYBODY, "x", "[toUInt64(crowded)]"))
    return lists, groups


def query_of(
    lists: Sequence[str],
    groups: Sequence[str],
    among: str,
    before: int,
    most: int | None = None,
    rows: str = SEEN,
) -> str:
    """The statement: what an integer is and says, how many have it, and who; `before` came before.

    Who has none of these `rows` is nobody. Of those who count towards no size the integer is
    another one.
    """
    who = "groupArray(number)"
    if most is not None:
        is_named = f"bitAnd(c, toUInt64({_OF_CROWDED | _NAMED})) != 0"
        few = f"if(count() > {int(most)}, [], groupArray({int(most)})(number))"
        who = f"if({is_named}, groupArrayIf(number, {is_named}), {few})"
    return (
        f"SELECT toInt64(bitShiftRight(c, {_TAG})), toInt64(bitAnd(c, toUInt64({_NAMED - 1}))),"  # noqa: S608
        f" toInt64(bitAnd(c, toUInt64({_OF_CROWDED})) != 0), toInt64(count()), {who}"
        f" FROM (SELECT toUInt32(rowNumberInAllBlocks() + {before + 1}) AS number,"
        f" toUInt64(crowded) * {_OF_CROWDED} AS mark, arrayConcat({', '.join(groups)}) AS codes"
        f" FROM (SELECT max(sized = 0) AS crowded, {', '.join(lists)}"
        f" FROM event WHERE {among} GROUP BY visitor HAVING max({rows})))"
        " ARRAY JOIN codes AS code GROUP BY bitOr(code, mark) AS c"
    )


def _named(own: Field, table: str, wanted: Wanted) -> list[int]:
    """Where they stand, the numbers of values of which it is asked who has them."""
    if wanted.most is None:
        return []
    return [
        number << own.shift
        for value, number in own.numbers.items()
        if wanted.is_asked(table, value)
    ]


def _with(integer: str, own: str, codes: Collection[int]) -> str:
    """An integer that says whether it is asked who has one of these."""
    if not codes:
        return integer
    numbers = ", ".join(map(str, map(int, codes)))
    return f"bitOr({integer}, if({own} IN ({numbers}), toUInt64({_NAMED}), toUInt64(0)))"


def _tables(fields: Sequence[Field], wanted: Wanted) -> list[tuple[Field, str, int]]:
    """What codes stand for, by their number: a field, a table, and a level where it is cut."""
    return [
        (own, table, level)
        for own in fields
        for table in (own.name, *([ENTRY] * own.has_mark))
        if table in wanted.trees or table == "action"
        for level in (0, *own.cuts)
    ]


def number_in(own: Field, draw: str) -> str:
    """The number of a row's value in its place, in SQL, and the mark of the page of a visit."""
    number = f"toUInt64({known(own.name, own.name, draw)})"
    if own.name == "action":
        number = f"if(type = {_ACTION}, {number}, 0)"
    number = f"{number} * {1 << own.shift}"
    return f"{number} + if({BEGINS}, {own.mark}, 0)" if own.has_mark else number


def distinct(integer: str, rows: str = SEEN) -> str:
    """Each of the integers that these rows of a visitor make, in SQL."""
    return f"arrayDistinct(groupArrayIf({integer}, {rows}))"


def tagged(tag: int, integer: str, source: str, *, is_named: bool = False) -> str:
    """Codes of integers `x`, each once, in SQL."""
    high = (tag << _TAG) | (_NAMED * is_named)
    return f"arrayDistinct(arrayMap(x -> bitOr({integer}, toUInt64({high})), {source}))"


def add_answer(read: Answers, answer: Answer) -> int:
    """Add what was answered of some visitors; how many they are."""
    visitors = 0
    while answer:
        tag, code, is_crowded, count = answer.numbers(4)
        group = read.get((tag, code))
        if group is None:
            group = read[tag, code] = Group()
        group.visitors += count
        group.crowded += count * is_crowded
        group.who |= answer.visitors()
        visitors += count * (tag == ANYBODY)
    return visitors


def _read(
    read: Answers,
    tables: Sequence[tuple[Field, str, int]],
    wanted: Wanted,
) -> Groups:
    groups = Groups()
    names = (*wanted.trees, *(["action"] * wanted.actions))
    exact: dict[str, dict[Value, Group]] = {name: {} for name in names}
    cuts: dict[str, dict[Value, Group]] = {name: {} for name in names}
    for (tag, code), group in read.items():
        if _TIME <= tag < _DAY:
            seconds, level = divmod(code, LEVELS)
            value = time_value(seconds if level else None, level)
            (cuts if tag > _TIME else exact)["time"][value] = group
        elif tag == _DAY:
            groups.days[code] = group.who
        elif tag == ANYBODY:
            groups.visitors += group.visitors
            groups.crowded |= group.who if code else BitMap()
        elif tag == _VISITS:
            groups.visits += code * group.visitors
        elif tag == _VIEWS:
            groups.views += code * group.visitors
            if code and PAGES_SEEN in exact:
                own = exact[PAGES_SEEN].setdefault(("more" if code > 1 else "one",), Group())
                own.visitors += group.visitors
                own.crowded += group.crowded
                own.who |= group.who
        else:
            own_field, table, level = tables[tag]
            if level:
                value = own_field.beginnings[level].get(code, ())
                if value:
                    cuts[table][value] = group
            elif code:
                exact[table][own_field.value(code)] = group
            elif table != "action":
                raise StoreUnavailable("rows came meanwhile: the period is asked again")
    groups.trees = {
        name: {value: group.who for value, group in own.items()} for name, own in exact.items()
    }
    # Of these it is known who shares any value, and so what it begins with.
    whole = {table for own, table, _ in tables if own.lacks_cuts}
    groups.sizes = {
        name: _sizes(own, cuts[name]) for name, own in exact.items() if name not in whole
    }
    return groups


def _sizes(exact: Mapping[Value, Group], cuts: Mapping[Value, Group]) -> Sizes:
    """How many have each value, cut to each level, and no finer one than that."""
    sizes = {
        (len(value) + 1, value): Shared(group.visitors, group.crowded)
        for value, group in exact.items()
    }
    for level in range(max(map(len, exact), default=0), 0, -1):
        # Where nothing was asked of a cut, all of it goes on in the same way.
        for value in exact:
            if len(value) >= level:
                own, finer = value[:level], value[: level + 1]
                group = cuts.get(own)
                sizes[level, own] = (
                    Shared(group.visitors, group.crowded) if group else sizes[level + 1, finer]
                )
    return sizes
