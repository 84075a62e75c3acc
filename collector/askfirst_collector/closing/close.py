"""Closing a period: its questions are answered once, then its rows are destroyed or lowered.

Two files cannot commit together, so the order makes it atomic: the period is sealed in
`events.db`, answered, and closed in `ledger.db` by one transaction; only then its rows go. Cut off
before that transaction, it is open and the same rows are asked again; after it, it is closed for
good, and what is left of its rows is removed by whoever comes next.
"""

from __future__ import annotations

import logging
from contextlib import closing as closed_after
from dataclasses import replace

from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.services import Parts
from askfirst_collector.store.database import writing
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.faults import away
from askfirst_collector.store.salts import pseudonym

from . import disclosed
from .calendar import DAY, asked_of, ended, ended_periods
from .consents import read_consents
from .disclosure import Facts, disclose
from .facts import Limits, read_facts, read_limits
from .lowering import ceilings_of, lowered
from .periods import end_of
from .rounding import Rounding
from .tables import Questions, questions_of

log = logging.getLogger("askfirst.collector")

# Of a purpose that is not asked any more, and has no row that says how many are enough.
LARGEST_SIZE = 1000


def due(parts: Parts, now: float) -> list[PeriodKey]:
    """The periods that ended and are not closed, oldest first. Nothing is counted."""
    with away("ledger"), parts.engine.connect() as connection:
        last = disclosed.last_closed(connection)
        keys = {key for key in parts.events.periods() if ended(key, now)}
        for site in parts.registry.readable():
            keys.update(ended_periods(site, last, now))
        open_ = [key for key in keys if not disclosed.is_closed(connection, key)]
    return sorted(open_, key=lambda key: (key.period, key.site, key.collector, key.purpose))


def close_due(parts: Parts, now: float, *, dry_run: bool = False) -> list[PeriodKey]:
    """Close every period that is due; which they are. `dry_run` closes nothing.

    Safe in any number of processes at once, and after any interruption. Raises CollectorAway.
    """
    keys = due(parts, now)
    if dry_run:
        return keys
    finish(parts, now)
    for key in keys:
        close_period(parts, key, now)
    return keys


def finish(parts: Parts, now: float) -> None:
    """Do the rest of what was cut off, and remove rows that came too late to be counted."""
    with away("ledger"), parts.engine.connect() as connection:
        for key in disclosed.unsettled(connection):
            _settle(parts, key)
        late = [
            key
            for key in parts.events.periods()
            if ended(key, now) and disclosed.is_closed(connection, key)
        ]
    for key in late:
        if not parts.events.kept(key):
            parts.events.drop(key)


def close_period(parts: Parts, key: PeriodKey, now: float) -> None:
    """Close one ended period for good; one that is closed stays as it is."""
    with away("ledger"), parts.engine.connect() as connection:
        if disclosed.is_closed(connection, key):
            return
    try:
        site = parts.registry.site(key.site)
    except Unreadable:
        _drop_if_old(parts, key, now)
        return
    terms = None if site is None else asked_of(site, key)
    questions = questions_of(terms)
    parts.events.seal(key)
    limits, facts = _read(parts, key, questions)
    known = [bound for bound in (limits, terms) if bound is not None]
    size = max((bound.min_cell_size for bound in known), default=LARGEST_SIZE)
    days = min((bound.retention_days for bound in known), default=0)
    expires = end_of(key.closes, key.period) + days * DAY
    if expires <= now or parts.events.kept(key):
        # Its tables would be too old, or were and are purged: they are not made, or not again.
        parts.events.drop(key)
        return
    facts = replace(facts, trees={**facts.trees, "consent": read_consents(parts.ledger, key)})
    with away("ledger"), writing(parts.engine) as connection:
        # Of several processes the first one's answers stand.
        if not disclosed.is_closed(connection, key):
            secret = disclosed.elected_key(connection, key, now=now, urandom=parts.urandom)
            answers = disclose(facts, questions, size, Rounding(secret))
            settled = limits is None
            disclosed.write(connection, key, answers, size=size, expires=expires, settled=settled)
    if limits is not None:
        _settle(parts, key)
    else:
        parts.events.drop(key)


def _drop_if_old(parts: Parts, key: PeriodKey, now: float) -> None:
    """What was asked in a period cannot be read now: it waits, as long as its own rows allow."""
    limits = _limits(parts, key)
    if limits is not None and end_of(key.closes, key.period) + limits.retention_days * DAY <= now:
        parts.events.drop(key)


def _read(parts: Parts, key: PeriodKey, questions: Questions) -> tuple[Limits | None, Facts]:
    with closed_after(parts.events.connect()) as connection, away("events"):
        # One snapshot for both.
        connection.execute("BEGIN")
        return read_limits(connection, key), read_facts(connection, key, questions)


def _limits(parts: Parts, key: PeriodKey) -> Limits | None:
    with closed_after(parts.events.connect()) as connection, away("events"):
        return read_limits(connection, key)


def _settle(parts: Parts, key: PeriodKey) -> None:
    """Destroy the rows of a closed period, or lower those that are kept; then say so."""
    if not parts.events.kept(key):
        limits = _limits(parts, key)
        if limits is not None and limits.keep_rows_days > 0:
            _keep(parts, key)
        elif limits is not None:
            parts.events.drop(key)
    with away("ledger"), writing(parts.engine) as connection:
        disclosed.settle(connection, key)


def _keep(parts: Parts, key: PeriodKey) -> None:
    with away("ledger"), parts.engine.connect() as connection:
        size = disclosed.size_of(connection, key)
    lasting = _lasting(parts, key)
    rows = list(parts.events.rows(key))
    earlier = (
        row
        for row in parts.events.of_pseudonyms({r.pseudonym for r in rows if r.pseudonym} & lasting)
        if row.period < key.period
    )
    coarse_rows = lowered(rows, size, lasting=lasting, ceilings=ceilings_of(earlier))
    if coarse_rows:
        parts.events.keep(key, coarse_rows)
    else:
        parts.events.drop(key)


def _lasting(parts: Parts, key: PeriodKey) -> set[bytes]:
    """The pseudonyms that living grants make beyond this period."""
    keys = ((handle, parts.salts.grant_key(handle)) for handle in parts.salts.grants())
    return {
        pseudonym(grant_key, key.site, key.purpose, key.collector, handle)
        for handle, grant_key in keys
        if grant_key is not None
    }
