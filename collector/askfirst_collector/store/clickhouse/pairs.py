"""How many visitors have both values of a pair in one row, counted by ClickHouse.

Each frequent value gets a number, and the numbers of one row stand side by side in one integer, a
field for each attribute. So a visitor is a short list of integers, each once, and whoever has a
pair has it once among those with all other fields blanked: no set of visitors leaves the engine.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping, Sequence

from askfirst.terms.attributes import ATTRIBUTES, Value
from askfirst_collector.store.dictionary import time_number
from askfirst_collector.store.events import TYPES
from askfirst_collector.store.facts import ACTED, PAIR_LEVELS, Facts, Frequent, Pair, Pairs, Shared

from .fields import Field, asking, cut, in_order, known
from .groups import SECONDS
from .server import Server
from .slices import slices

# An integer with all bits set, which no two fields fill, stands once for each visitor.
_KINDS = (("UInt64", 64), ("UInt128", 128), ("UInt256", 256))
_ACTION, _DROP = map(TYPES.index, ("action", "drop"))


def ask_pairs(
    server: Server,
    names: Mapping[str, object],
    among: str,
    facts: Facts,
    pairs: Collection[Pair],
    frequent: Frequent,
    size: int,
    rows: int,
) -> tuple[Pairs, int]:
    """The answer to `PeriodReader.pairs`, and how many visitors there are at all.

    `among` says, with `names`, which rows; there are about `rows`. Raises StoreUnavailable.
    """
    fields: dict[str, Field] = {}
    at = 0
    for name in dict.fromkeys(name for pair in pairs for name in pair):
        fields[name] = in_order(name, frequent[name], at)
        at += fields[name].bits
    kind, bits = next((name, bits) for name, bits in _KINDS if at < bits)
    line = struct.Struct(f"<{bits // 8}sqq")
    counts: dict[bytes, tuple[int, int]] = {}
    with asking(server, (own for own in fields.values() if own.name != "time")) as draw:
        numbers = {
            name: number_of(field, draw, is_finer=_is_finer(name, facts))
            for name, field in fields.items()
        }
        parts = list(slices(rows))
        for part in parts:
            query = _query(fields, numbers, pairs, kind, f"{among} AND {part}")
            if len(parts) == 1:
                query += f" HAVING count() >= {int(size)} OR code = bitNot(to{kind}(0))"
            for code, visitors, crowded in line.iter_unpack(server.ask(query, names)):
                before, crowded_before = counts.get(code, (0, 0))
                counts[code] = before + visitors, crowded_before + crowded
    everybody = counts.pop(b"\xff" * (bits // 8), (0, 0))[0]
    return _read(counts, [*fields.values()], pairs, size), everybody


def _read(
    counts: Mapping[bytes, tuple[int, int]],
    fields: Sequence[Field],
    pairs: Collection[Pair],
    size: int,
) -> Pairs:
    groups: dict[Pair, dict[tuple[Value, Value], Shared]] = {pair: {} for pair in pairs}
    of_bit = [field for field in fields for _ in range(field.bits)]
    for number, shared in counts.items():
        if shared[0] >= size:
            code = int.from_bytes(number, "little")
            low, high = of_bit[(code & -code).bit_length() - 1], of_bit[code.bit_length() - 1]
            both = {field.name: field.value(code) for field in (low, high)}
            for a, b in {(low.name, high.name), (high.name, low.name)} & groups.keys():
                groups[a, b][both[a], both[b]] = Shared(*shared)
    return groups


def _query(
    fields: Mapping[str, Field],
    numbers: Mapping[str, str],
    pairs: Collection[Pair],
    kind: str,
    among: str,
) -> str:
    """The statement; `numbers` is each attribute's number in SQL."""
    everything = (1 << sum(field.bits for field in fields.values())) - 1
    # What differs most within a visitor is left out first: the rest is hardly ever more than one.
    widest = max(fields.values(), key=lambda field: field.bits)

    def only(source: str, mask: int) -> str:
        return f"arrayDistinct(arrayMap(x -> bitAnd(x, to{kind}('{mask}')), {source}))"

    def both(a: str, b: str) -> str:
        source = "rows" if widest.name in (a, b) else "rest"
        if ACTED not in (a, b):
            return only(source, fields[a].mask | fields[b].mask)
        acted, other = fields[ACTED], fields[b if a == ACTED else a]
        done = only("rows" if widest.name == ACTED else "rest", acted.mask)
        return (
            f"arrayFlatten(arrayMap(x -> arrayMap(y -> bitOr(x, y), {only(source, other.mask)}),"
            f" arrayFilter(x -> x != 0, {done})))"
        )

    groups = ", ".join(both(a, b) for a, b in pairs)
    row = " + ".join(
        f"to{kind}({numbers[name]}) * to{kind}('{1 << field.shift}')"
        for name, field in fields.items()
    )
    return (
        "SELECT code, toInt64(count()), toInt64(countIf(crowded)) FROM (SELECT crowded,"  # noqa: S608
        f" {only('rows', everything - widest.mask)} AS rest,"
        f" arrayConcat([bitNot(to{kind}(0))], {groups}) AS codes"
        f" FROM (SELECT arrayDistinct(groupArrayIf({row}, type != {_DROP})) AS rows,"
        f" max(sized = 0) AS crowded FROM event WHERE {among}"
        f" GROUP BY visitor HAVING max(type != {_DROP})))"
        " ARRAY JOIN codes AS code WHERE code != 0 GROUP BY code"
    )


def number_of(field: Field, draw: str, *, is_finer: bool) -> str:
    """The number of a row's value, in SQL: 0 where it is none of those that stand under `draw`.

    `is_finer` says whether a row may have more parts than these.
    """
    level = PAIR_LEVELS.get(field.name, 1)
    if field.name == "time":
        unit = SECONDS[level - 1]
        times = [(time_number(value) or 0) // unit for value in field.numbers]
        at = f"if(time_level >= {level}, intDiv(time, {unit}), -1)"
        return f"transform({at}, {times}, {[*field.numbers.values()]}, 0)"
    column = "action" if field.name == ACTED else field.name
    number = known(field.name, cut(column, level) if is_finer else column, draw)
    return f"if(type = {_ACTION}, {number}, 0)" if field.name == ACTED else number


def _is_finer(name: str, facts: Facts) -> bool:
    level = PAIR_LEVELS.get(name, 1)
    if name in ("action", ACTED):  # whose facts are those of some rows
        return ATTRIBUTES["action"].finest > level
    return any(len(value) > level for value in facts.trees[name])
