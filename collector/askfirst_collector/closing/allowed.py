"""How long the host policy lets things be kept now, whatever they were gathered under (M33).

What was promised is never prolonged by this: the smaller of both holds. A ceiling that cannot be
read removes nothing: gathering has stopped, and what a spelling mistake destroyed is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from sqlalchemy import Connection

from askfirst.errors import CollectorUnavailable
from askfirst.terms.edition import Editions, host_terms
from askfirst.terms.placed import join
from askfirst.terms.policy import Policy
from askfirst.terms.terms import Terms
from askfirst_collector.catalogue.editions import load_editions
from askfirst_collector.store import disclosed
from askfirst_collector.store.faults import unavailable

from .stores import Stores

Subject = tuple[str, str, str]  # site, collector ("" for the site itself), purpose


@dataclass(frozen=True)
class Days:
    """Days after the end of a period."""

    tables: int
    rows: int
    declared: int  # the most that any edition declares for rows


def allowed_now(stores: Stores, host: Policy | None) -> Mapping[Subject, Days]:
    """What a ceiling allows all that is kept; a use that it has no entry for is allowed none."""
    if host is None:
        return {}
    periods = stores.events.periods()
    with unavailable("ledger"), stores.engine.connect() as connection:
        rows = {(key.site, key.collector, key.purpose) for key in periods}
        return dict(_allowed(connection, host, rows.union(disclosed.subjects(connection))))


def _allowed(
    connection: Connection, host: Policy, subjects: Set[Subject]
) -> Iterator[tuple[Subject, Days]]:
    known: dict[str, Editions] = {}
    for subject in subjects:
        site, collector, purpose = subject
        if site not in known:
            try:
                known[site] = load_editions(connection, site)
            except CollectorUnavailable:
                known[site] = Editions()
        published = _published(known[site], join(collector, purpose) if collector else purpose)
        if published:
            terms = host_terms(host, published[-1].data_use)
            rows = min(terms.keep_rows_days, terms.retention_days)
            declared = max(version.keep_rows_days for version in published)
            yield subject, Days(terms.retention_days, rows, declared)


def _published(editions: Editions, name: str) -> list[Terms]:
    """The terms of a purpose in every edition that has it, newest last."""
    purposes = (edition.purpose(name) for edition in editions)
    return [purpose.terms for purpose in purposes if purpose is not None]
