"""Figures of a period that is longer than a day, while it is open.

When a day has ended its totals are counted, for good. Then each value adds up those who came new:
whoever is in a figure is not counted again, so that no figure falls and an erasure shows in none.
Closing asks anew. What is shown already, and everything when an ISO week has ended, needs as many
newcomers as any figure; within the week a value that is not shown yet needs three times the size.
Pairs, funnels, hours and what is left over are asked at closing alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst.terms.terms import Terms
from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.store import so_far as figures
from askfirst_collector.store.disclosed import Totals
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.facts import FirstDays, day_number
from askfirst_collector.store.periods import DAY, ONE_DAY, Calendar
from askfirst_collector.store.so_far import TOTAL, Figure, Question

from .calendar import HOUR, asked_of, open_periods
from .consents import with_answers_of
from .disclosure import day_totals
from .restricted import restricted_pseudonyms
from .rule import MARGIN, Rule
from .stores import Stores
from .tables import questions_of

AT_ONCE = 3  # times the size that come new before a week has ended
SUNDAY = 6


def count_days(stores: Stores, now: float) -> None:
    """Count every day that ended in a longer period that is open. Raises CollectorUnavailable."""
    # By the calendar: that a day is told must not say that its period has a row.
    with_rows = {*stores.events.periods()}
    keys = {*with_rows}
    for readable in stores.registry.readable():
        keys.update(open_periods(readable, now))
    for key in sorted(keys, key=lambda key: (key.period, key.site, key.collector, key.purpose)):
        if key.closes == "day" or (key in with_rows and stores.events.kept(key)):
            continue
        try:
            site = stores.registry.site(key.site)
        except Unreadable:
            continue
        terms = None if site is None else asked_of(site, key)
        if site is not None and terms is not None:
            _count(stores, key, terms, site.calendar, now)


def _count(stores: Stores, key: PeriodKey, terms: Terms, calendar: Calendar, now: float) -> None:
    counted = figures.read_days(stores.engine, key)
    for day in _ended_days(key, calendar, now):
        if day not in counted:
            count_day(stores, key, terms, day)


def _ended_days(key: PeriodKey, calendar: Calendar, now: float) -> Iterator[str]:
    # The last day of a period is counted when that closes.
    day, last = date.fromisoformat(key.period), calendar.end_of(key.closes, key.period)
    while (end := calendar.end_of("day", day.isoformat())) < last:
        # Of the ledger's entries only the hour in UTC is known: the last one has to be over.
        if -(-end // HOUR) * HOUR > now:
            break
        yield day.isoformat()
        day += ONE_DAY


def count_day(stores: Stores, key: PeriodKey, terms: Terms, day: str) -> None:
    """Count one ended day, and add those who came new on it to the figures so far."""
    questions = questions_of(terms)
    with stores.events.reading(key, restricted_pseudonyms(stores, key)) as period:
        arrivals = period.arrivals(questions.trees, day)
    rule = Rule(terms.min_cell_size, stores.urandom, arrivals.unsized)
    visits, own = bool(questions.trees.get("referrer")), arrivals.day
    totals = Totals(None, None, None) if own is None else day_totals(own, rule, visits=visits)
    totals = with_answers_of(stores, key, day, totals, size=rule.size)
    before = figures.read_so_far(stores.engine, key)
    fresh: dict[Question, Figure] = {}
    total = _added(before.get(TOTAL), [arrivals.everybody], day, rule)
    if total is not None:
        fresh[TOTAL] = total
    if TOTAL in before or TOTAL in fresh:
        for name in sorted(arrivals.trees):
            depth = {**questions.trees, **questions.apart}[name]
            fresh.update(_tree(name, arrivals.trees[name], depth, day, rule, before))
    end = stores.registry.calendar(key.site).end_of(key.closes, key.period)
    expires = end + terms.retention_days * DAY
    figures.write_day(stores.engine, key, day, totals, fresh, expires=expires)


def _tree(
    table: str,
    leaves: Mapping[Value, FirstDays],
    depth: int,
    day: str,
    rule: Rule,
    before: Mapping[Question, Figure],
    prefix: Value = (),
) -> Iterator[tuple[Question, Figure]]:
    if len(prefix) == depth:
        return
    parts: dict[str, dict[Value, FirstDays]] = {}
    for value, group in leaves.items():
        if len(value) > len(prefix):
            parts.setdefault(value[len(prefix)], {})[value] = group
    for part in sorted(parts):
        question = table, (*prefix, part)
        figure = _added(before.get(question), [*parts[part].values()], day, rule)
        if figure is not None:
            yield question, figure
        if figure is not None or question in before:
            yield from _tree(table, parts[part], depth, day, rule, before, question[1])


def _added(
    before: Figure | None, arrivals: Iterable[FirstDays], day: str, rule: Rule
) -> Figure | None:
    """The figure with those who came new; None where these are not told yet."""
    since = day_number(before.until, day) if before else -1
    days = [own for group in arrivals for own in group.items()]
    newcomers = BitMap().union(*(visitors for at, visitors in days if at > since))
    newcomers -= BitMap().union(*(visitors for at, visitors in days if at <= since))
    at_once = before is None and date.fromisoformat(day).weekday() != SUNDAY
    needed = AT_ONCE * rule.size if at_once else rule.size + MARGIN
    count = rule.figure(newcomers, needed=needed)
    return None if count is None else Figure(day, count + (before.visitors if before else 0))
