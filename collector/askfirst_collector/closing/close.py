"""Closing a period: its questions are answered once, then its rows are destroyed or lowered.

Two files cannot commit together, so the order makes it atomic: the period is sealed in
`events.db`, answered, and closed in `ledger.db` by one transaction; only then its rows go. Cut off
before that transaction, it is open and the same rows are asked again; after it, it is closed for
good, and what is left of its rows is removed by whoever comes next.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from itertools import chain, islice

from askfirst.terms.attributes import Value
from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.closing.k_anonymity import Caps, caps_of, k_anonymise
from askfirst_collector.store import disclosed, so_far
from askfirst_collector.store.disclosed import Disclosed, Totals
from askfirst_collector.store.events import Limits, PeriodKey, PeriodReader
from askfirst_collector.store.facts import Facts
from askfirst_collector.store.periods import DAY, ONE_DAY, period_after
from askfirst_collector.store.salts import pseudonym

from .calendar import asked_of, ended, ended_periods
from .consents import answers_of, with_answers_of
from .disclosure import day_totals, disclose
from .restricted import restricted_pseudonyms
from .rule import MARGIN, SURELY, Rule
from .steps import of_funnels
from .stores import Stores
from .tables import Questions, questions_of

log = logging.getLogger("askfirst.collector")

TOGETHER = 50_000  # rows that are lowered together: about four kilobytes of memory each
RECEIPTS = 1_000  # of which the rows that were kept are looked at together


def due(stores: Stores, now: float) -> list[PeriodKey]:
    """The periods that ended and are not closed, oldest first. Nothing is counted."""
    last = disclosed.last_closed(stores.engine)
    keys = set(_ended(stores, now))
    for site in stores.registry.readable():
        keys.update(ended_periods(site, last, now))
    open_periods = keys - disclosed.closed_of(stores.engine, keys)
    return sorted(open_periods, key=lambda key: (key.period, key.site, key.collector, key.purpose))


def close_due(stores: Stores, now: float, *, dry_run: bool = False) -> list[PeriodKey]:
    """Close every period that is due; which they are. `dry_run` closes nothing.

    Safe in any number of processes, and after any interruption. Raises CollectorUnavailable.
    """
    keys = due(stores, now)
    if dry_run:
        return keys
    finish(stores, now)
    stores.events.seal(*(key for key in keys if _is_readable(stores, key)))
    for key in keys:
        close_period(stores, key, now)
    if keys:  # what another process closed meanwhile was sealed here once more
        finish(stores, now)
    return keys


def finish(stores: Stores, now: float) -> None:
    """Do the rest of what was cut off, and remove rows that came too late to be counted."""
    closed = disclosed.closed_of(stores.engine, _ended(stores, now))
    # Asked after `closed`: what another process closes now is not taken for what came too late.
    unsettled = disclosed.unsettled(stores.engine)
    for key in unsettled:
        _settle(stores, key)
    for key in closed.difference(unsettled):
        if not stores.events.kept(key):
            stores.events.drop(key)


def _ended(stores: Stores, now: float) -> list[PeriodKey]:
    calendar = stores.registry.calendar
    return [key for key in stores.events.periods() if ended(key, now, calendar(key.site))]


def close_period(stores: Stores, key: PeriodKey, now: float) -> None:
    """Close one ended period for good; one that is closed stays as it is."""
    if disclosed.is_closed(stores.engine, key):
        return
    try:
        site = stores.registry.site(key.site)
    except Unreadable:
        _drop_if_old(stores, key, now)
        return
    terms = None if site is None else asked_of(site, key)
    stores.events.seal(key)
    end = stores.registry.calendar(key.site).end_of(key.closes, key.period)
    expires = end + (terms.retention_days if terms else 0) * DAY
    if terms is None or expires <= now or stores.events.kept(key):
        # Its tables would be too old, or were and are purged: they are not made, or not again.
        stores.events.drop(key)
        return
    limits, answers, days = _answers(stores, key, questions_of(terms), terms.min_cell_size)
    size, settled = terms.min_cell_size, limits is None
    so_far.close(stores.engine, key, answers, days, size=size, expires=expires, settled=settled)
    if limits is not None:
        _settle(stores, key)
    else:
        stores.events.drop(key)


def _is_readable(stores: Stores, key: PeriodKey) -> bool:
    try:
        stores.registry.site(key.site)
    except Unreadable:
        return False
    return True


def _drop_if_old(stores: Stores, key: PeriodKey, now: float) -> None:
    """What was asked in a period cannot be read now: it waits, as long as its own rows allow."""
    limits = stores.events.limits(key)
    end = stores.registry.calendar(key.site).end_of(key.closes, key.period)
    if limits is not None and end + limits.retention_days * DAY <= now:
        stores.events.drop(key)


def _answers(
    stores: Stores, key: PeriodKey, questions: Questions, size: int
) -> tuple[Limits | None, Disclosed, dict[str, Totals]]:
    """The limits of the rows, the answers, and the totals of days that were not counted before."""
    whole = key.period if key.closes == "day" else ""
    counted = {} if whole else so_far.read_days(stores.engine, key)
    # One view for all questions.
    with stores.events.reading(key, restricted_pseudonyms(stores, key)) as period:
        hidden = {day for day, totals in counted.items() if totals.visitors is None}
        facts = _facts(stores, key, period, questions, whole, size=size, hidden=hidden)
        rule = Rule(size, stores.urandom, facts.unsized)
        visits = bool(questions.trees.get("referrer"))
        days = {
            day: day_totals(facts.days[day], rule, visits=visits)
            for day in sorted(facts.days)
            if day not in counted
        }
        if not whole:
            for day in _uncounted(key, counted):
                totals = days.get(day, Totals(None, None, None))
                days[day] = with_answers_of(stores, key, day, totals, size=size)
        answers = disclose(
            facts, questions, rule, days={**counted, **days}, pairs=period.pairs, whole=whole
        )
        return period.limits(), answers, {} if whole else days


def _uncounted(key: PeriodKey, counted: Collection[str]) -> Iterator[str]:
    day, end = date.fromisoformat(key.period), period_after(key.closes, key.period)
    while day.isoformat() < end:
        if day.isoformat() not in counted:
            yield day.isoformat()
        day += ONE_DAY


def _facts(
    stores: Stores,
    key: PeriodKey,
    period: PeriodReader,
    questions: Questions,
    whole: str,
    *,
    size: int,
    hidden: Collection[str],
) -> Facts:
    """The facts of rows and ledger; `hidden` are days that stay in what is left over."""
    in_funnel = of_funnels(questions.funnels)

    def is_asked(table: str, value: Value) -> bool:
        return in_funnel(table, value) or (
            table == "time" and value[:1] != () and value[0] in hidden
        )

    most = size + MARGIN + SURELY
    facts = period.facts(questions.trees, questions.apart, whole, most=most, is_asked=is_asked)
    answers = answers_of(stores, key)
    trees = {**facts.trees, "consent": answers.groups}
    return replace(facts, trees=trees, unsized=facts.unsized | answers.unsized)


def _settle(stores: Stores, key: PeriodKey) -> None:
    """Destroy the rows of a closed period, or lower those that are kept; then say so."""
    if not stores.events.kept(key):
        limits = stores.events.limits(key)
        if limits is not None and limits.keep_rows_days > 0:
            _keep(stores, key)
        elif limits is not None:
            stores.events.drop(key)
    disclosed.settle(stores.engine, key)


def _keep(stores: Stores, key: PeriodKey) -> None:
    """Lower the rows part by part: what enough visitors of a part share, enough of all do."""
    size = disclosed.size_of(stores.engine, key)
    lasting = _lasting(stores, key)
    caps = _caps(stores, key, lasting)
    restricted = restricted_pseudonyms(stores, key)
    coarse_rows = chain.from_iterable(
        k_anonymise(
            [row for row in rows if row.pseudonym not in restricted],
            size,
            lasting=lasting,
            caps=caps,
        )
        for rows in stores.events.parts(key, TOGETHER)
    )
    first = next(coarse_rows, None)
    if first is None:
        stores.events.drop(key)
    else:
        stores.events.keep(key, chain((first,), coarse_rows))


def _caps(stores: Stores, key: PeriodKey, lasting: Collection[bytes]) -> Caps:
    """How fine what was kept before is, of those who may be in this period too."""
    caps: dict[bytes, dict[str, int]] = {}
    pseudonyms = iter(lasting)
    while some := set(islice(pseudonyms, RECEIPTS)):
        rows = stores.events.of_pseudonyms(some)
        caps |= caps_of(row for row in rows if row.period < key.period)
    return caps


def _lasting(stores: Stores, key: PeriodKey) -> set[bytes]:
    """The pseudonyms that living grants make beyond this period."""
    keys = ((handle, stores.salts.grant_key(handle)) for handle in stores.salts.grants())
    return {
        pseudonym(grant_key, key.site, key.purpose, key.collector, handle)
        for handle, grant_key in keys
        if grant_key is not None
    }
