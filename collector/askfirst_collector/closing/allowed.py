"""How long the host policy lets things be kept now, whatever they were gathered under (M33).

What was promised is never prolonged by this: the smaller of both holds. A host policy that cannot
be read removes nothing: gathering has stopped, and what a spelling mistake destroyed is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from askfirst.terms.edition import Editions, host_terms
from askfirst.terms.placed import join
from askfirst.terms.policy import Policy
from askfirst.terms.terms import Terms
from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.store.disclosed import Subject, subjects

from .stores import Stores


@dataclass(frozen=True)
class Days:
    """Days after the end of a period."""

    tables: int
    rows: int
    declared: int  # the most that any edition declares for rows


def allowed_now(stores: Stores, host: Policy | None) -> Mapping[Subject, Days]:
    """What a host policy allows all that is kept; a use without an entry in it is allowed none."""
    if host is None:
        return {}
    rows = {(key.site, key.collector, key.purpose) for key in stores.events.periods()}
    return dict(_allowed(stores, host, rows.union(subjects(stores.engine))))


def _allowed(stores: Stores, host: Policy, present: Set[Subject]) -> Iterator[tuple[Subject, Days]]:
    known = {name: _editions(stores, name) for name in {site for site, _, _ in present}}
    for subject in present:
        name, collector, purpose = subject
        published = _published(known[name], join(collector, purpose) if collector else purpose)
        if published:
            terms = host_terms(host, published[-1].data_use)
            rows = min(terms.keep_rows_days, terms.retention_days)
            declared = max(version.keep_rows_days for version in published)
            yield subject, Days(terms.retention_days, rows, declared)


def _editions(stores: Stores, name: str) -> Editions:
    try:
        site = stores.registry.site(name)
    except Unreadable:
        return Editions()
    return Editions() if site is None else site.editions


def _published(editions: Editions, name: str) -> list[Terms]:
    """The terms of a purpose in every edition that has it, newest last."""
    purposes = (edition.purpose(name) for edition in editions)
    return [purpose.terms for purpose in purposes if purpose is not None]
