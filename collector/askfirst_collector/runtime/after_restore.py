"""No restore brings back what was taken back (M48): ledger and events are held against the log.

`revocations.log` is in no copy of the folder, so it knows what happened since one was made. A
ledger that does not have the log's last record was restored: what ended in the log ends again, what
was erased is erased, what was narrowed or restricted since is narrowed and restricted, and every
row goes whose visitor cannot be found any more. Without the log nobody can tell who withdrew: then
every grant ends, and visitors are asked again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from askfirst_collector.ledger import revocation_log
from askfirst_collector.ledger.answers import RESTORE, bounded, ending
from askfirst_collector.ledger.entries import mark_of
from askfirst_collector.ledger.revoked import Revoked, done, revoked
from askfirst_collector.services import Services
from askfirst_collector.store.revocations import EVERYTHING, Log, LogDamaged
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.record_consent import link, settle

log = logging.getLogger("askfirst.collector")

CHUNK = 10_000  # pseudonyms erased in one transaction


def reconcile(parts: Services) -> bool:
    """Hold ledger and events against the log, and narrow what came back; whether anything had to.

    Doing it twice, or in two processes at once, is harmless; one that broke off is taken up again
    by the next. Raises CollectorUnavailable.
    """
    present = parts.revocations.read()
    start = _start(parts, present)
    if start is None:
        if revocation_log.catch_up(parts.engine, parts.revocations, present):
            log.warning("askfirst.W152 revocations.log was behind: the ledger told it the rest")
        return False
    # From here on every process sees that this is not done, until it is.
    parts.revocations.append({"do": "begun", "from": start})
    before = parts.ledger.newest()
    if start == EVERYTHING:
        log.error("askfirst.E150 revocations.log is lost: every grant ends, all are asked again")
        limits: Mapping[str, Revoked] | None = None
    else:
        limits = revoked(present.records(), start)
    keyed = set(parts.salts.grants())
    for site, handle in parts.ledger.handles():
        _hold(parts, site, handle, limits)
        _key(parts, site, handle, has_key=handle in keyed)
    parts.salts.destroy_due(parts.now())
    _sweep(parts)
    if limits is None or parts.ledger.newest() != before:
        action = "ledger.end" if limits is None else "ledger.restore"
        revocation_log.audit(parts.engine, action, now=parts.now(), urandom=parts.urandom)
    parts.revocations.append(done(*parts.ledger.top(), parts.events.generation()))
    return True


def _start(parts: Services, present: Log) -> int | None:
    """The record from which on the ledger may lack what the log says; None where nothing is."""
    try:
        if present.unfinished is not None:
            present.records()  # all of them can be read
            return present.unfinished
        start = revocation_log.first_missing(parts.engine, present)
        if start is None and parts.events.generation() < present.generation:
            start = present.data.count(b"\n")
        if start is not None:
            log.warning("askfirst.W151 a backup was restored: what was taken back since stays so")
            present.records()
    except LogDamaged:
        return EVERYTHING
    return start


def _hold(parts: Services, site: str, handle: str, limits: Mapping[str, Revoked] | None) -> None:
    """Narrow one handle to what the log says of it; without any it ends."""
    limit = Revoked(is_ended=True) if limits is None else limits.get(mark_of(site, handle).hex())
    # What the spool owes is told by it, in the visitor's own words.
    if limit is None or (limits is not None and parts.spool.owes(handle)):
        return
    now = parts.now()
    if limit.is_erased:
        rights.erase(parts, site, handle)
    elif limit.is_ended:
        past, new = parts.ledger.append(
            site, handle, lambda past: ending(past, now=now, method=RESTORE)
        )
        if new is not None or not past.settled:
            settle(parts, site, handle)
    elif limit.most or limit.is_restricted:
        parts.ledger.append(
            site,
            handle,
            lambda past: bounded(past, limit.most, restricted=limit.is_restricted, now=now),
        )
        parts.events.barrier()


def _key(parts: Services, site: str, handle: str, *, has_key: bool) -> None:
    """Destroy the key of a handle that has ended; draw one that went with `salts.db`."""
    status = parts.ledger.consent_status(site, handle)
    record = parts.registry.site(site)
    if status is None or status.ended:
        if has_key:
            parts.salts.end_grant(handle)
    elif record is not None and not has_key:
        link(parts, record.editions, handle, status.choices, status.expires)


def _sweep(parts: Services) -> None:
    """Remove the rows of every pseudonym that belongs to nobody whom the ledger knows."""
    orphans = parts.events.pseudonyms()
    for site, handle in parts.ledger.handles():
        orphans -= rights.pseudonyms(parts, site, handle)
    pseudonyms = sorted(orphans)
    for start in range(0, len(pseudonyms), CHUNK):
        parts.events.erase(pseudonyms[start : start + CHUNK])
