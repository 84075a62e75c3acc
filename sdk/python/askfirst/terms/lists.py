"""The list dimensions of terms: query parameters, actions, tables, as a policy writes them."""

from __future__ import annotations

import re
from typing import Any

from ..errors import Problem
from .attributes import ATTRIBUTES
from .reading import NAME, Reader, pointer, some
from .sets import ANY, ANY_WORD, Listed, Prefix
from .terms import Terms

MOST_BUCKETS = 32
# All lists, and what is none.
OPEN: Listed[Any] = Listed(everything=True, any_of=frozenset({()}))
# Listed values are stored as written; short, so that a list stays a list.
_VALUE = r"[^\x00-\x1f\x7f\ud800-\udfff]{1,100}"
_PARAMETER = r"[^\x00-\x20&=#\x7f\ud800-\udfff]{1,60}"
_STEP = rf"(page:/[^\x00-\x20\x7f]{{0,199}}|action:{NAME.pattern})"


def _everything(r: Reader, key: str, kind: str) -> bool:
    if kind == "host" and r.table.get(key) == "*":
        r.seen.append(key)
        return True
    return False


def _any_of_all(r: Reader, key: str, kind: str) -> bool:
    """Whether a host allows all lists, and any value where there is none."""
    if kind == "host" and r.table.get(key) == ANY_WORD:
        r.seen.append(key)
        return True
    return False


def read_parameters(r: Reader, kind: str) -> Listed[tuple[str, str]]:
    """`query_parameters`: for each parameter, the values that may be stored."""
    if _everything(r, "query_parameters", kind):
        return Listed(everything=True)
    if _any_of_all(r, "query_parameters", kind):
        return OPEN
    table = r.below("query_parameters")
    entries: set[tuple[str, str]] = set()
    any_of: set[Prefix] = set()
    for name in table.rest():
        advice = "write the values of this parameter that may be stored, each up to 100 characters"
        advice += ', or "any"'
        if not re.fullmatch(_PARAMETER, name):
            table.wrong(name, name, "write a parameter's name without '&', '=', '#' or spaces")
            continue
        if table.table[name] == ANY_WORD:
            any_of.add((name,))
            continue
        entries.update((name, v) for v in table.texts(name, pattern=_VALUE, advice=advice, least=1))
    return Listed(frozenset(entries), any_of=frozenset(any_of))


def read_actions(r: Reader, kind: str) -> Listed[tuple[str, ...]]:
    """`actions`: listed names, each with its properties: listed values, or declared buckets."""
    if _everything(r, "actions", kind):
        return Listed(everything=True)
    if _any_of_all(r, "actions", kind):
        return OPEN
    table = r.below("actions")
    entries: set[tuple[str, ...]] = set()
    any_of: set[Prefix] = set()
    for name in table.rest():
        if not NAME.fullmatch(name):
            table.wrong(name, name, "write an action's name in lower case, at most 40 characters")
            continue
        entries.add((name,))
        properties = table.below(name)
        for prop in properties.rest():
            if not NAME.fullmatch(prop):
                properties.wrong(prop, prop, "write a property's name in lower case")
                continue
            if properties.table[prop] == ANY_WORD:
                any_of.add((name, prop))
            else:
                entries.update(_read_property(name, prop, properties))
    return Listed(frozenset(entries), any_of=frozenset(any_of))


def _read_property(action: str, prop: str, r: Reader) -> set[tuple[str, ...]]:
    if isinstance(r.table[prop], dict):
        below = r.below(prop)
        bounds = _read_bounds(below)
        below.close()
        return {(action, prop, "buckets", ",".join(map(str, bounds)))} if bounds else set()
    advice = 'write a list of values, "any", or { buckets = [0, 10, 50] }'
    values = r.texts(prop, pattern=_VALUE, advice=advice, least=1)
    return {(action, prop, "value", value) for value in values}


def _read_bounds(r: Reader) -> list[int]:
    value = r.table.get("buckets")
    r.seen.append("buckets")
    whole = isinstance(value, (list, tuple)) and all(
        isinstance(item, int) and not isinstance(item, bool) and abs(item) < 2**53 for item in value
    )
    if not whole or not value or len(value) > MOST_BUCKETS or sorted(set(value)) != list(value):
        advice = f"write 1 to {MOST_BUCKETS} whole numbers, rising: the lower bound of each bucket"
        r.wrong("buckets", value, advice)
        return []
    return list(value)


def read_tables(r: Reader, kind: str) -> Listed[tuple[str, ...]]:
    """`tables`: pairs of attributes, goals and funnels that are counted when a period closes."""
    if _everything(r, "tables", kind):
        return Listed(everything=True)
    table = r.below("tables")
    entries: set[tuple[str, ...]] = set()
    pairs = table.table.get("pairs", [])
    table.seen.append("pairs")
    for pair in pairs if isinstance(pairs, (list, tuple)) else [pairs]:
        names = tuple(pair) if isinstance(pair, (list, tuple)) else ()
        if (
            len(names) != 2
            or not all(isinstance(n, str) and n in ATTRIBUTES for n in names)
            or names[0] == names[1]
        ):
            table.wrong("pairs", pair, 'write two attributes, such as ["page", "referrer"]')
        else:
            entries.add(("pair", *sorted(names)))
    goals = table.texts("goals", pattern=NAME.pattern, advice="write the name of an action")
    entries.update(("goal", goal) for goal in goals)
    funnels = table.below("funnels")
    for name in funnels.rest():
        if not NAME.fullmatch(name):
            funnels.wrong(name, name, "write a funnel's name in lower case")
            continue
        advice = "write 2 to 8 steps such as 'page:/cart' or 'action:order'"
        steps = funnels.texts(name, pattern=_STEP, advice=advice, least=2, most=8)
        entries.add(("funnel", name, *steps))
    table.close()
    return Listed(frozenset(entries))


def check_tables(terms: Terms, r: Reader) -> None:
    """Goals and steps name listed actions: any other is never stored, so it would count nothing."""
    steps = (step for steps in terms.funnels.values() for step in steps)
    references = {
        "goals": terms.goals,
        "funnels": [x[7:] for x in steps if x.startswith("action:")],
    }
    message = f"write one of the purpose's actions ({some(sorted(terms.actions))})"
    for key, actions in references.items():
        for action in sorted(set(actions) - terms.actions.keys()):
            r.problems.add(Problem(r.at + pointer("tables", key), action, message))


def write_values(values: frozenset[str]) -> list[str] | str:
    """The values of a parameter or property as a policy writes them."""
    return ANY_WORD if values is ANY else sorted(values)


def _all(listed: Listed[Any]) -> str:
    """What a host writes who lists nothing by name; nothing for a list."""
    if not listed.everything:
        return ""
    return ANY_WORD if listed.any_of else "*"


def write_lists(terms: Terms) -> dict[str, Any]:
    """The list dimensions as plain values, sorted, as the readers above read them."""
    return {
        "recipients": "*"
        if terms.recipients.everything
        else [
            {"name": x.name, "role": x.role, "country": x.country, "hosts": list(x.hosts)}
            for x in sorted(terms.recipients, key=lambda x: x.name)
        ],
        "query_parameters": _all(terms.parameters)
        or {name: write_values(values) for name, values in terms.query_parameters.items()},
        "actions": _all(terms.action_items)
        or {
            name: {prop: write_values(values) for prop, values in action.values.items()}
            | {prop: {"buckets": list(bounds)} for prop, bounds in action.buckets.items()}
            for name, action in terms.actions.items()
        },
        "cookies": "*" if terms.cookies.everything else sorted(terms.cookies),
        "storage": "*" if terms.storage.everything else sorted(terms.storage),
        "tables": "*"
        if terms.table_items.everything
        else {
            "pairs": [list(pair) for pair in terms.pairs],
            "goals": list(terms.goals),
            "funnels": {name: list(steps) for name, steps in terms.funnels.items()},
        },
    }
