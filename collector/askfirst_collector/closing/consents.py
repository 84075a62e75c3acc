"""The `consent` table: grants, changes and withdrawals of a period, by edition, from the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import count

from msgspec.structs import replace
from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst.terms.edition import Choice
from askfirst_collector.ledger.answers import ROLLBACK
from askfirst_collector.ledger.entries import mark_of
from askfirst_collector.ledger.records import Ledger
from askfirst_collector.store.disclosed import Totals
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.periods import Calendar, period_after

from .calendar import name_of
from .disclosure import with_answers
from .rule import Rule
from .stores import Stores

FIRST_OF_LEDGER = 2**31
# Of a purpose that was not chosen yet.
_NOTHING = Choice(0, 0)


@dataclass(frozen=True)
class Answers:
    """Who answered what: numbers of visitors, those who count towards no size by themselves."""

    groups: dict[Value, BitMap]
    unsized: BitMap


def answers_of(stores: Stores, key: PeriodKey) -> Answers:
    """`read_consents` of a period, refusals as each edition of its site says."""
    site = stores.registry.site(key.site)
    editions = () if site is None else site.editions.all
    counting = {edition.number for edition in editions if edition.policy.count_refusals}
    return read_consents(stores.ledger, key, stores.registry.calendar(key.site), counting)


def with_answers_of(
    stores: Stores, key: PeriodKey, day: str, totals: Totals, *, size: int
) -> Totals:
    """The totals of a day (ISO 8601) of a longer period, and how many agreed and refused then."""
    answers = answers_of(stores, replace(key, closes="day", period=day))
    return with_answers(totals, answers.groups, Rule(size, stores.urandom, answers.unsized))


def read_consents(
    ledger: Ledger, key: PeriodKey, calendar: Calendar, counting: Collection[int] = ()
) -> Answers:
    """(what happened, edition) for one purpose; each handle is one visitor, however often it acts.

    A withdrawal is counted at the edition it leaves; a grant that was taken back, as its visitor
    was never told of it, not at all. Refusals have no handle: each counts as one, and at the site
    alone, as nobody knows which pages were refused on. Whose first answer grants other purposes
    alone refused this one, in the editions that count refusals (`counting`). Of a network a few
    count towards sizes; refusals have none, and all do.
    """
    name = name_of(key.collector, key.purpose)
    events: list[tuple[str, Value] | None] = []  # of which handle, and what happened
    newest: dict[str, int] = {}  # where the newest entry of a handle stands in it
    stands: dict[str, Mapping[str, Choice]] = {}
    first, last = calendar.start_of(key.period), calendar.end_of(key.closes, key.period)
    # Of an entry only its hour is known: it counts to the day in which that begins.
    for entry in ledger.between(key.site, first, last):
        handle = entry.body.get("handle")
        if handle is None:
            continue
        is_first = False
        if handle not in stands:
            earlier = [e for e in ledger.history(key.site, handle) if e.index < entry.index]
            stands[handle] = earlier[-1].choices if earlier else {}
            is_first = not earlier
        before = stands[handle].get(name, _NOTHING)
        after = entry.choices.get(name, _NOTHING)
        stands[handle] = entry.choices
        if entry.body.get("method") == ROLLBACK:
            if handle in newest:
                events[newest.pop(handle)] = None
            continue
        what = _happened(before, after)
        edition = after.edition if after.detail else before.edition
        if is_first and not after.detail and name in entry.choices:
            edition = entry.body["edition"]["number"]
            what = "refused" if edition in counting else None
        newest[handle] = len(events)
        events.append(None if what is None else (handle, (what, str(edition))))
    groups: dict[Value, BitMap] = {}
    numbers: dict[str, int] = {}
    number = count(FIRST_OF_LEDGER)  # none of the numbers of those who visit
    for handle, value in filter(None, events):
        groups.setdefault(value, BitMap()).add(numbers.setdefault(handle, next(number)))
    after_last = period_after(key.closes, key.period)
    marks = ledger.unsized(key.site, key.period, after_last)
    unsized = BitMap(
        n for handle, n in numbers.items() if marks and mark_of(key.site, handle) in marks
    )
    if key.collector:
        return Answers(groups, unsized)
    for edition, refused in ledger.refusals(key.site, key.period, after_last).items():
        of_edition = groups.setdefault(("refused", str(edition)), BitMap())
        of_edition.update(next(number) for _ in range(refused))
    return Answers(groups, unsized)


def _happened(before: Choice, after: Choice) -> str | None:
    if before == after or not (before.detail or after.detail):
        return None
    if not before.detail:
        return "granted"
    return "changed" if after.detail else "withdrawn"
