"""A filter: the lines of one table among those who have one value of another, where it is counted.

Which pairs are counted a policy lists, so a filter selects what was disclosed and asks nothing new.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from askfirst.terms.attributes import Value
from askfirst.terms.terms import Terms
from askfirst_collector.closing.stores import Stores
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.store.facts import PAIR_LEVELS

from .ranges import Report, Row, report

LONGEST = 2_000  # characters of a path in an address
DEEPEST = 3  # parts


@dataclass(frozen=True)
class Filter:
    """One value of one table: `referrer`, `("search", "duckduckgo.com")`."""

    table: str
    path: Value

    @property
    def values(self) -> Mapping[str, str]:
        """The filter in an address; the path as JSON, since a part may hold any character."""
        return {"by": self.table, "is": json.dumps(self.path, ensure_ascii=False)}


def read_filter(asked_for: Mapping[str, str]) -> Filter | None:
    """The filter of an address; None where there is none, or it cannot be read."""
    table, text = asked_for.get("by", ""), asked_for.get("is", "")
    try:
        path = json.loads(text) if table and len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(path, list) or not 1 <= len(path) <= DEEPEST:
        return None
    return Filter(table, tuple(path)) if all(map(_is_text, path)) else None


def _is_text(part: object) -> bool:
    # JSON may escape half a character, which no answer can be written with.
    return isinstance(part, str) and not any("\ud800" <= sign <= "\udfff" for sign in part)


def pair_level(table: str) -> int:
    """How many parts the values of a table have in pairs."""
    return PAIR_LEVELS.get(table, 1)


def pair_table(terms: Terms, filter: Filter, table: str) -> str | None:
    """The table that counts `table` among those of the filter; None where none does."""
    if len(filter.path) != pair_level(filter.table):
        return None
    # Goals are actions, and are counted with what actions are counted with.
    other = "action" if table == "goals" else table
    pairs = ((filter.table, other), (other, filter.table))
    return next((f"{a}*{b}" for a, b in pairs if (a, b) in terms.pairs), None)


def narrowed(report: Report, filter: Filter) -> tuple[Row, ...]:
    """Of a table of pairs, the lines beside the filter's value, largest first."""
    first, _, second = report.table.partition("*")
    at = pair_level(first)
    rows = []
    for row in report.rows:
        if row.kind != "value":
            continue
        former, latter = row.path[:at], row.path[at:]
        if first == filter.table and former == filter.path:
            rows.append(Row(latter, "value", row.visitors, row.periods))
        elif second == filter.table and latter == filter.path:
            rows.append(Row(former, "value", row.visitors, row.periods))
    return tuple(rows)


def selected(
    stores: Stores, wanted: Range, terms: Terms, table: str, filter: Filter | None
) -> Report | None:
    """A table over a range, under a filter where there is one: what every exit shows of it.

    None where the two are not counted together.
    """
    if filter is None:
        return report(stores, wanted, table)
    pair = pair_table(terms, filter, table)
    if pair is None:
        return None
    both = report(stores, wanted, pair)
    rows = tuple(
        row for row in narrowed(both, filter) if table != "goals" or row.path[0] in terms.goals
    )
    among = filter.table, filter.path
    return replace(
        both, table=table, rows=rows, visitors=None, views=None, visits=None, among=among
    )
