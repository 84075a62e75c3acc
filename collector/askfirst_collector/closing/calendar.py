"""Which periods are due: by the calendar, not by whether somebody came.

That a period is due, closed or under the size must not tell whether it has any row at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import zip_longest

from askfirst.terms.edition import Edition, host_terms
from askfirst.terms.placed import join, split
from askfirst.terms.sets import Listed
from askfirst.terms.terms import BOTTOM, CONSENT, Terms, meet
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.periods import DAY, Calendar, period_after

HOUR = 3600  # seconds
# Seconds after the end of a period until it is closed: what arrived in time is on disk by then.
CLOSE_AFTER = 120
LONGEST_GRANT = 400 * DAY  # seconds: no cookie, and no grant, outlives it


def name_of(collector: str, purpose: str) -> str:
    """What visitors are asked about: `purpose`, or `collector/purpose` of a placed collector."""
    return join(collector, purpose) if collector else purpose


def asked(site: Site, name: str) -> Terms | None:
    """What may be gathered under a name now: host ∧ site ∧ placed; None where nothing may."""
    return None if site.host is None else _asked_under(site, site.editions.current, name)


def last_asked(site: Site, name: str) -> Terms | None:
    """The same; of what is not asked any more, or is suspended, as it was asked last."""
    for edition in reversed(site.editions.all):
        if edition.purpose(name) is not None:
            return _asked_under(site, edition, name)
    return None


def last_terms(site: Site, name: str) -> Terms | None:
    """What bounds the figures that have closed under a name; of a site that was ended too."""
    for edition in reversed(site.editions.all):
        if edition.purpose(name) is not None:
            return _terms_under(site, edition, name)
    return None


def _asked_under(site: Site, edition: Edition, name: str) -> Terms | None:
    return None if site.retired else _terms_under(site, edition, name)


# A site that changed is another one; what looks every minute asks the same of all of them.
@lru_cache(maxsize=4096)
def _terms_under(site: Site, edition: Edition, name: str) -> Terms | None:
    definition = edition.purpose(name)
    if definition is None or definition.terms.legal_basis != CONSENT:
        return None
    terms = definition.terms
    if site.host is not None:
        terms = meet(terms, host_terms(site.host, terms.data_use))
    collector, purpose = split(name)
    if collector:
        above = edition.policy.purposes.get(purpose)
        terms = BOTTOM if above is None else meet(terms, above.terms)
    return None if terms == BOTTOM else terms


def asked_of(site: Site, key: PeriodKey) -> Terms | None:
    """What a period closes under: what stood when it opened, never what its rows say.

    The largest size and the shortest retention of every edition by which a grant may have been
    given then; the tables that were listed then. Of what was first asked later in the period, what
    was asked first.
    """
    name, start = name_of(key.collector, key.purpose), site.calendar.start_of(key.period)
    end = site.calendar.end_of(key.closes, key.period)
    terms = [
        (edition.effective, terms)
        for edition, until in _in_force(site)
        if until > start - LONGEST_GRANT and edition.effective < end
        if (terms := _terms_under(site, edition, name)) is not None
    ]
    before = [entry for effective, entry in terms if effective <= start]
    governing = before or [entry for _, entry in terms[:1]]
    if not governing:
        return None
    return replace(
        governing[-1],
        min_cell_size=max(entry.min_cell_size for entry in governing),
        retention_days=min(entry.retention_days for entry in governing),
        # Which tables a host policy allows that cannot be seen now, nobody knows.
        table_items=governing[-1].table_items if site.host is not None else Listed(),
    )


def ended(key: PeriodKey, now: float, calendar: Calendar) -> bool:
    """Whether a period is over, and everything that arrived in it is on disk.

    Of the ledger's entries only the hour in UTC is known: one that began within the period is in
    it, and has to be over.
    """
    end = calendar.end_of(key.closes, key.period)
    return -(-end // HOUR) * HOUR + CLOSE_AFTER <= now


def ended_periods(
    site: Site, last: Mapping[tuple[str, str, str, str], str], now: float
) -> Iterator[PeriodKey]:
    """The ended periods of all a site asked after the last closed one, retention allowing.

    Of what is not asked any more too, collectors that are gone among it: a period in which it was
    asked closes with rows or without.
    """
    calendar = site.calendar
    for edition, until in _in_force(site):
        for name in edition.every:
            terms, closing = _asked_under(site, edition, name), last_asked(site, name)
            if terms is None or closing is None:
                continue
            collector, purpose = split(name)
            closed = last.get((site.name, collector, purpose, terms.closes))
            oldest = max(0.0, now - (closing.retention_days + 31) * DAY)
            period = calendar.period_of(terms.closes, max(edition.effective, oldest))
            if closed is not None:
                period = max(period, period_after(terms.closes, closed))
            while calendar.start_of(period) < until:
                key = PeriodKey(site.name, collector, purpose, terms.closes, period)
                if not ended(key, now, calendar):
                    break
                if calendar.end_of(key.closes, period) + closing.retention_days * DAY > now:
                    yield key
                period = period_after(terms.closes, period)


def open_periods(site: Site, now: float) -> Iterator[PeriodKey]:
    """The running period of all that a site asked in it, with rows or without."""
    for edition, until in _in_force(site):
        for name in edition.every:
            terms = _asked_under(site, edition, name)
            if terms is None or edition.effective > now:
                continue
            period = site.calendar.period_of(terms.closes, now)
            if until > site.calendar.start_of(period):
                yield PeriodKey(site.name, *split(name), terms.closes, period)


def since(site: Site, name: str) -> int:
    """Since when (unix seconds) a name that is asked now closes as it does."""
    current = site.editions.current
    begun, now = current.effective, current.purpose(name)
    for edition in reversed(site.editions.all):
        then = edition.purpose(name)
        if then is None or now is None or then.terms.closes != now.terms.closes:
            break
        begun = edition.effective
    return begun


def _in_force(site: Site) -> Iterator[tuple[Edition, float]]:
    """Each edition, and until when (unix seconds) it was in force."""
    for edition, following in zip_longest(site.editions.all, site.editions.all[1:]):
        yield edition, math.inf if following is None else following.effective
