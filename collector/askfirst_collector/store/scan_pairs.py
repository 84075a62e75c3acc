"""How many have both values of a pair, from the rows of a period of `events.db`.

Who has one value alone of an attribute has it in every row, but of actions: where there are few
values, rows are looked at of those alone who have several of both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from itertools import product

from pyroaring import BitMap

from askfirst.terms.attributes import Value

from .facts import ACTED, PAIR_LEVELS, Facts, Frequent, Leaves, Pair, Pairs, Shared
from .scan import CodedRows

TRIED = 4  # pairs of values for each visitor; of more, every row is looked at
_DONE = 10_000  # combinations of frequent values that are remembered at a time

Groups = dict[tuple[Value, Value], BitMap]


def read_pairs(
    period: CodedRows, facts: Facts, pairs: Collection[Pair], frequent: Frequent, size: int
) -> Pairs:
    """How many have a row with both values (see `PeriodReader`)."""
    of_period = {pair for pair in pairs if ACTED in pair}
    pairs = [pair for pair in pairs if pair not in of_period]
    several = {
        name: facts.total if name == "action" else _several(facts.trees.get(name, {}))
        for name in {name for pair in pairs for name in pair}
    }
    most = TRIED * len(facts.total)
    few = {(a, b) for a, b in pairs if len(frequent[a]) * len(frequent[b]) <= most}
    of_rows = {(a, b): several[a] & several[b] if (a, b) in few else facts.total for a, b in pairs}
    rows = _read_rows(period, of_rows, frequent)
    answers: dict[Pair, dict[tuple[Value, Value], Shared]] = {}
    for pair in (*pairs, *of_period):
        groups = rows.get(pair, {})
        if pair in of_period:
            groups = _together(pair, frequent, {}, BitMap(), size)
        elif pair in few:
            groups = _together(pair, frequent, groups, of_rows[pair], size)
        answers[pair] = {
            both: Shared(len(visitors), visitors.intersection_cardinality(facts.unsized))
            for both, visitors in groups.items()
            if len(visitors) >= size
        }
    return answers


def _together(pair: Pair, frequent: Frequent, rows: Groups, of_rows: BitMap, size: int) -> Groups:
    """Who has both values; `rows` says it of those in `of_rows`."""
    a, b = pair
    groups: Groups = {}
    for first, second in product(frequent[a], frequent[b]):
        one, other = frequent[a][first], frequent[b][second]
        assert one is not None, "a scan knows who has a value"
        assert other is not None
        if one.intersection_cardinality(other) >= size:
            both = one & other
            if of_rows:
                both = (both - of_rows) | rows.get((first, second), BitMap())
            groups[first, second] = both
    return groups


def _several(leaves: Leaves) -> BitMap:
    """Who has more than one value."""
    anybody, several = BitMap(), BitMap()
    for visitors in leaves.values():
        several |= anybody & visitors
        anybody |= visitors
    return several


def _read_rows(
    period: CodedRows, pairs: Mapping[Pair, BitMap], frequent: Frequent
) -> dict[Pair, Groups]:
    """Who of these visitors has a row with both values; numbered as `read_facts` numbers them."""
    pairs = {pair: visitors for pair, visitors in pairs.items() if visitors}
    if not pairs:
        return {}
    value = period.values()
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    cuts = [_Cuts(partial(value, name), PAIR_LEVELS.get(name, 1), frequent[name]) for name in names]
    places = [(pair, names.index(pair[0]), names.index(pair[1])) for pair in pairs]
    groups: dict[Pair, Groups] = {pair: {} for pair in pairs}
    done: dict[tuple[Value | None, ...], list[BitMap]] = {}
    several = BitMap().union(*pairs.values())
    last, visitor = 0, 0
    is_several = False
    before: tuple[int, ...] = ()
    for row in period.events(names):
        if row[0] != last:
            last, before = row[0], ()
            visitor += 1
            is_several = visitor in several
        if not is_several:
            continue
        codes = row[2:]
        if codes == before:
            continue
        before = codes
        values = tuple([cut[code] for cut, code in zip(cuts, codes, strict=True)])
        both = done.get(values)
        if both is None:
            if len(done) > _DONE:
                done.clear()
            both = done[values] = [
                groups[pair].setdefault((first, second), BitMap())
                for pair, a, b in places
                if (first := values[a]) is not None and (second := values[b]) is not None
            ]
        for known in both:
            known.add(visitor)
    return {
        pair: {both: visitors & pairs[pair] for both, visitors in own.items()}
        for pair, own in groups.items()
    }


class _Cuts(dict[int, Value | None]):
    """By code, a value as a pair table has it; None for what is not frequent."""

    def __init__(
        self, value: Callable[[int], Value], level: int, frequent: Collection[Value]
    ) -> None:
        super().__init__()
        self._value, self._level, self._frequent = value, level, frequent

    def __missing__(self, code: int) -> Value | None:
        coarse = self._value(code)[: self._level]
        cut = self[code] = coarse if coarse in self._frequent else None
        return cut
