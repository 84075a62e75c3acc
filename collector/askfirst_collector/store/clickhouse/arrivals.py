"""Who came by the end of a day, by value and by the day on which that was.

As in `groups`, but for the day, which stands in the lowest bits of each integer; it is asked who
they are, however many.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.store.events import StoreUnavailable
from askfirst_collector.store.facts import DAY_BITS, LAST_DAY
from askfirst_collector.store.periods import DAY

from .fields import asking
from .groups import (
    ANYBODY,
    SEEN,
    Answers,
    add_answer,
    distinct,
    number_in,
    query_of,
    read_contents,
    tagged,
    words_of,
)
from .server import Server
from .slices import slices
from .wire import Answer


@dataclass
class Came:
    """Who, by `day_number`: everybody, and by the values of each table."""

    everybody: dict[int, BitMap] = field(default_factory=dict)
    trees: dict[str, dict[Value, dict[int, BitMap]]] = field(default_factory=dict)
    crowded: BitMap = field(default_factory=BitMap)


def read_arrivals(
    server: Server,
    names: Mapping[str, object],
    among: str,
    tables: Collection[str],
    last: int,
    rows: int,
) -> Came:
    """Who came by the end of the day `last`, since 1970; there are about `rows`.

    Raises StoreUnavailable, also where a row came with a value that there was not.
    """
    columns = sorted({*tables, "action"})
    words = words_of(read_contents(server, names, among, columns), start=DAY_BITS)
    fields = [own for word in words for own in word]
    came = f"{SEEN} AND time_level > 0 AND time < {(last + 1) * DAY}"
    day = f"toUInt64(greatest(0, {LAST_DAY} - {last} + intDiv(time, {DAY})))"
    groups = [
        tagged(tag, f"bitAnd(x, toUInt64({own.mask | LAST_DAY}))", f"w{number}")
        for tag, (number, own) in enumerate(
            (number, own) for number, word in enumerate(words) for own in word
        )
    ]
    groups.append(tagged(len(fields), f"bitAnd(x, {LAST_DAY})", "w0"))
    groups.append(tagged(ANYBODY, "x", "[toUInt64(crowded)]"))
    read: Answers = {}
    before = 0
    with asking(server, fields) as draw:
        for part in slices(rows):
            sums = (" + ".join([day, *(number_in(own, draw) for own in word)]) for word in words)
            lists = [f"{distinct(one, came)} AS w{number}" for number, one in enumerate(sums)]
            query = query_of(lists, groups, f"{among} AND {part}", before, rows=came)
            before += add_answer(read, Answer(server.ask(query, names)))
    result = Came(trees={name: {} for name in columns})
    for (tag, code), group in read.items():
        at = code & LAST_DAY
        if tag == ANYBODY:
            result.crowded |= group.who if code else BitMap()
        elif tag == len(fields):
            result.everybody[at] = group.who
        elif code - at:
            own = fields[tag]
            result.trees[own.name].setdefault(own.value(code), {})[at] = group.who
        elif fields[tag].name != "action":
            raise StoreUnavailable("rows came meanwhile: the period is asked again")
    return result
