"""Which periods are due: by the calendar, not by whether somebody came.

That a period is due, closed or under the size must not tell whether it has any row at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from askfirst.terms.edition import host_terms
from askfirst.terms.terms import BOTTOM, CONSENT, Terms, meet
from askfirst_collector.registry.sites import Site
from askfirst_collector.store.events import PeriodKey

from .periods import end_of, period_after, period_of, start_of

DAY = 86_400  # seconds
# Seconds after the end of a period until it is closed: what arrived in time is on disk by then.
CLOSE_AFTER = 120


def asked(site: Site, purpose: str) -> Terms | None:
    """What may be gathered for a purpose now: host ∧ site; None where nothing may."""
    found = site.editions.current.policy.purposes.get(purpose)
    if found is None or site.host is None or found.terms.legal_basis != CONSENT:
        return None
    terms = meet(found.terms, host_terms(site.host, found.terms.data_use))
    return None if terms == BOTTOM else terms


def asked_of(site: Site, key: PeriodKey) -> Terms | None:
    """The same, with only those tables that were listed from the first second of a period on."""
    terms = asked(site, key.purpose)
    if terms is None:
        return None
    items = terms.table_items
    editions = list(site.editions)
    for edition, following in zip(editions, [*editions[1:], None], strict=True):
        # In force at some time since the period began.
        if following is None or following.effective > start_of(key.period):
            purpose = edition.policy.purposes.get(key.purpose)
            if purpose is not None:
                items = items.meet(purpose.terms.table_items)
    return replace(terms, table_items=items)


def ended(key: PeriodKey, now: float) -> bool:
    """Whether a period is over, and everything that arrived in it is on disk."""
    return end_of(key.closes, key.period) + CLOSE_AFTER <= now


def ended_periods(
    site: Site, last: Mapping[tuple[str, str, str, str], str], now: float
) -> Iterator[PeriodKey]:
    """The ended periods of a site's purposes after the last closed one, retention allowing."""
    for purpose in site.editions.current.policy.purposes:
        terms = asked(site, purpose)
        if terms is None:
            continue
        closed = last.get((site.name, "", purpose, terms.closes))
        begun = period_of(terms.closes, since(site, purpose))
        period = period_after(terms.closes, closed) if closed else begun
        oldest = period_of(terms.closes, max(0.0, now - (terms.retention_days + 31) * DAY))
        period = max(period, oldest)
        while ended(key := PeriodKey(site.name, "", purpose, terms.closes, period), now):
            if end_of(key.closes, period) + terms.retention_days * DAY > now:
                yield key
            period = period_after(terms.closes, period)


def since(site: Site, purpose: str) -> int:
    """Since when (unix seconds) a purpose closes as it does now."""
    begun = site.editions.current.effective
    now = site.editions.current.policy.purposes[purpose].terms.closes
    for edition in reversed(list(site.editions)):
        then = edition.policy.purposes.get(purpose)
        if then is None or then.terms.closes != now:
            break
        begun = edition.effective
    return begun
