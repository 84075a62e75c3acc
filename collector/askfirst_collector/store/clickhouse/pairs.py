"""How many visitors have both values of a pair in one row, counted by ClickHouse.

Each frequent value gets a number, and the numbers of one row stand side by side in one integer, a
field for each attribute. So a visitor is a short list of integers, each once, and whoever has a
pair has it once among those with all other fields blanked: no set of visitors leaves the engine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from askfirst.terms.attributes import ATTRIBUTES, Value
from askfirst_collector.store.dictionary import time_number
from askfirst_collector.store.events import TYPES
from askfirst_collector.store.facts import PAIR_LEVELS, Facts, Frequent, Pair, Pairs, Shared

from .fields import Field, asking, known
from .schema import END
from .server import Server
from .values import ESCAPE, text_of
from .wire import Answer

# An integer with all bits set, which no two fields fill, stands once for each visitor.
_KINDS = (("UInt64", 63), ("UInt128", 127), ("UInt256", 255))
_DROP = TYPES.index("drop")
_SECONDS = (86_400, 3_600, 60, 1)  # of each level of a time


def ask_pairs(
    server: Server,
    names: Mapping[str, object],
    among: str,
    facts: Facts,
    pairs: Collection[Pair],
    frequent: Frequent,
    size: int,
) -> tuple[Pairs, int]:
    """The answer to `PeriodReader.pairs`, and how many visitors there are at all.

    `among` says, with `names`, which rows. Raises StoreUnavailable.
    """
    fields: dict[str, Field] = {}
    at = 0
    for name in dict.fromkeys(name for pair in pairs for name in pair):
        fields[name] = Field(name, _ordered(name, frequent[name]), at)
        at += fields[name].bits
    texts = {
        name: [text_of(value) for value in field.values]
        for name, field in fields.items()
        if name != "time"
    }
    with asking(server, texts) as draw:
        numbers = {
            name: number_of(field, draw, is_finer=_is_finer(name, facts))
            for name, field in fields.items()
        }
        answer = Answer(server.ask(_query(fields, numbers, pairs, among, size), names))
    return _read(answer, [*fields.values()], pairs)


def _read(answer: Answer, fields: Sequence[Field], pairs: Collection[Pair]) -> tuple[Pairs, int]:
    groups: dict[Pair, dict[tuple[Value, Value], Shared]] = {pair: {} for pair in pairs}
    of_bit = [field for field in fields for _ in range(field.bits)]
    visitors = 0
    while answer:
        code, shared = int(answer.text()), Shared(answer.number(), answer.number())
        if code.bit_length() > len(of_bit):
            visitors = shared.visitors
            continue
        low, high = of_bit[(code & -code).bit_length() - 1], of_bit[code.bit_length() - 1]
        both = {field.name: field.value(code) for field in (low, high)}
        for a, b in {(low.name, high.name), (high.name, low.name)} & groups.keys():
            groups[a, b][both[a], both[b]] = shared
    return groups, visitors


def _query(
    fields: Mapping[str, Field],
    numbers: Mapping[str, str],
    pairs: Collection[Pair],
    among: str,
    size: int,
) -> str:
    """The statement; `numbers` is each attribute's number in SQL."""
    bits = sum(field.bits for field in fields.values())
    kind = next(name for name, most in _KINDS if bits <= most)
    everything = (1 << bits) - 1
    # What differs most within a visitor is left out first: the rest is hardly ever more than one.
    widest = max(fields.values(), key=lambda field: field.bits)

    def cut(source: str, mask: int) -> str:
        return f"arrayDistinct(arrayMap(x -> bitAnd(x, to{kind}('{mask}')), {source}))"

    groups = ", ".join(
        cut("rows" if widest.name in pair else "rest", fields[pair[0]].mask | fields[pair[1]].mask)
        for pair in pairs
    )
    row = " + ".join(
        f"to{kind}({numbers[name]}) * to{kind}('{1 << field.shift}')"
        for name, field in fields.items()
    )
    return (
        "SELECT toString(code), toInt64(count()), toInt64(countIf(crowded)) FROM (SELECT crowded,"  # noqa: S608
        f" {cut('rows', everything - widest.mask)} AS rest,"
        f" arrayConcat([bitNot(to{kind}(0))], {groups}) AS codes"
        f" FROM (SELECT arrayDistinct(groupArrayIf({row}, type != {_DROP})) AS rows,"
        f" max(sized = 0) AS crowded FROM event WHERE {among} AND visitor != ''"
        f" GROUP BY visitor HAVING max(type != {_DROP})"
        " SETTINGS optimize_aggregation_in_order = 1))"
        f" ARRAY JOIN codes AS code WHERE code != 0 GROUP BY code HAVING count() >= {int(size)}"
        f" OR code = bitNot(to{kind}(0))"
    )


def number_of(field: Field, draw: str, *, is_finer: bool) -> str:
    """The number of a row's value, in SQL: 0 where it is none of those that stand under `draw`.

    `is_finer` says whether a row may have more parts than these.
    """
    level = PAIR_LEVELS.get(field.name, 1)
    if field.name == "time":
        unit = _SECONDS[level - 1]
        times = [(time_number(value) or 0) // unit for value in field.values]
        cut = f"if(time_level >= {level}, intDiv(time, {unit}), -1)"
        return f"transform({cut}, {times}, {[*range(1, len(times) + 1)]}, 0)"
    cut = field.name
    if is_finer:
        # On each text of the dictionary, not on each row. Too few parts end as no part does.
        cut = f"concat(substringIndex(concat({field.name}, '{ESCAPE}'), '{END}', {level}), '{END}')"
    return known(field.name, cut, draw)


def _is_finer(name: str, facts: Facts) -> bool:
    level = PAIR_LEVELS.get(name, 1)
    if name == "action":  # whose facts are those of some rows
        return ATTRIBUTES[name].finest > level
    return any(len(value) > level for value in facts.trees[name])


def _ordered(name: str, values: Collection[Value]) -> Sequence[Value]:
    """As the engine sorts them."""
    if name == "time":
        return sorted(values)
    return sorted(values, key=lambda value: text_of(value).encode())
