"""Which events a recipient gets, and what of them: decided anew for every attempt.

Whoever withdrew, restricted, or did not agree to this recipient is not in it, whatever waits; of
the rest each value is cut to the terms that hold now. A string that nobody listed is said only
where it was shown in a closed period of the site: so none of them tells one visitor from others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace
from pyroaring import BitMap

from askfirst.terms.attributes import OTHER, PSEUDONYMS, UNKNOWN, Value
from askfirst.terms.sets import ANY
from askfirst.terms.terms import Recipient, Terms
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.closing.rule import Rule
from askfirst_collector.ledger.entries import ConsentStatus
from askfirst_collector.store.events import Row
from askfirst_collector.store.facts import MOST_A_DAY
from askfirst_collector.store.transfer_queue import Waiting

# Written by us where there is nothing, or nothing that may be said.
_OURS = frozenset({UNKNOWN, OTHER, "none"})
# Attributes whose coarsest part is one of a list of ours, whatever a visitor sends.
_CLOSED = frozenset({"referrer", "screen", "cookies", "ip"})

StatusOf = Callable[[str, str], ConsentStatus | None]
# Of an attribute, those of these paths that were shown in a closed period.
Shown = Callable[[str, Collection[Value]], Collection[Value]]


@dataclass(frozen=True)
class AgreedEvent:
    """A row that may be delivered now, cut, with the terms that it is under."""

    waiting: Waiting
    row: Row
    terms: Terms
    recipient: Recipient


def recipient_of(terms: Terms, name: str) -> Recipient | None:
    """A recipient of a purpose, by its name; None for nobody."""
    return next((one for one in sorted(terms.recipients, key=str) if one.name == name), None)


def agreed_events(
    waiting: Sequence[Waiting], site: Site | None, name: str, status_of: StatusOf
) -> list[AgreedEvent]:
    """The rows of those whose grant, as it stands now, names this recipient."""
    judged = []
    for one in waiting:
        status = status_of(one.judged.site, one.judged.handle)
        # Whoever answered anew since, whatever it was, is not asked about what was before.
        is_same = status is not None and status.index == one.judged.index
        terms = _terms(site, status, one.row.purpose) if is_same else None
        recipient = None if terms is None else recipient_of(terms, name)
        # It waited as long as its own time asks; where less of that may be said, too little.
        if terms is not None and terms.scope.level("time") < len(one.row.values.get("time", ())):
            continue
        if terms is not None and recipient is not None:
            judged.append(AgreedEvent(one, _cut(one.row, terms), terms, recipient))
    return judged


def counts(judged: Sequence[AgreedEvent], urandom: Callable[[int], bytes]) -> dict[str, int | None]:
    """Visitors and events of a delivery, by the rule of every figure; None where they are few."""
    numbers: dict[str, int] = {}
    events: dict[int, int] = {}
    unsized = BitMap()
    for one in judged:
        visitor = numbers.setdefault(one.waiting.judged.handle, len(numbers))
        events[visitor] = events.get(visitor, 0) + 1
        if not one.row.is_sized:
            unsized.add(visitor)
    size = max((one.terms.min_cell_size for one in judged), default=0)
    rule = Rule(size, urandom, unsized)
    visitors = rule.figure(BitMap(events))
    count = sum(min(number, MOST_A_DAY) for number in events.values())
    return {"visitors": visitors, "events": None if visitors is None else rule.total(count)}


def written(judged: Sequence[AgreedEvent], shown: Shown) -> list[dict[str, Any]]:
    """The events as they are delivered; no pseudonym, and nothing of who it was."""
    paths: dict[str, set[Value]] = {}
    for one in judged:
        for name, value in one.row.values.items():
            paths.setdefault(name, set()).update(value[:n] for n in range(1, len(value) + 1))
    known = {name: frozenset(shown(name, own)) for name, own in paths.items() if name != "time"}
    return [
        {"type": one.row.type}
        | {
            name: list(value if name == "time" else _said(name, value, known[name], one.terms))
            for name, value in one.row.values.items()
        }
        for one in judged
    ]


def _terms(site: Site | None, status: ConsentStatus | None, purpose: str) -> Terms | None:
    if site is None or status is None or not status.alive:
        return None
    choice = status.choices.get(purpose)
    if choice is None or site.editions.current.policy.for_children:
        return None
    return site.effective(purpose, choice)


def _cut(row: Row, terms: Terms) -> Row:
    # Here, as it reads addresses by a library that jobs without deliveries do without.
    from askfirst_collector.ingest.relay_observed import listed

    levels = {n: terms.scope.level(n) for n in row.values if n not in PSEUDONYMS}
    if row.type == "action" and not levels.get("action"):
        return replace(row, values={})
    values = {n: row.values[n][:level] for n, level in levels.items() if level}
    # Lists may have become narrower since it was gathered.
    return replace(row, values=listed(values, terms))


def _said(name: str, value: Value, shown: Collection[Value], terms: Terms) -> Iterator[str]:
    """The parts of a value up to the first that may not be said, which reads `other`."""
    for level, part in enumerate(value, 1):
        path = value[:level]
        if part in _OURS or path in shown or _is_listed(name, path, terms):
            yield part
        else:
            yield OTHER
            return


def _is_listed(name: str, path: Value, terms: Terms) -> bool:
    """Whether a part can be nothing but an entry of a list: of ours, or of the policy."""
    if len(path) == 1:
        return name in _CLOSED or (name == "action" and path[0] in terms.actions)
    key, is_pair, _ = path[-1].partition("=")
    if not is_pair or "&" in path[-1]:
        return False  # several together may name one visitor, each of them listed
    if name == "action" and path[0] in terms.actions:
        action = terms.actions[path[0]]
        return key in action.buckets or _bounded(action.values, key)
    return name == "page" and len(path) == 3 and _bounded(terms.query_parameters, key)


def _bounded(lists: Mapping[str, frozenset[str]], key: str) -> bool:
    return key in lists and lists[key] is not ANY
