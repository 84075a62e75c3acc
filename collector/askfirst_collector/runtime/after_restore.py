"""No restore brings back what was taken back (M48): ledger and events are held against the log.

`revocations.log` is in no copy of the folder, so it knows what happened since one was made. A
ledger that does not have the log's last record was restored: what ended in the log ends again, what
was erased is erased, what was narrowed or restricted since is narrowed and restricted, and every
row goes whose visitor cannot be found any more. Where a process ended, or the power was cut, with a
change on its way, the ledger lacks that alone: it is taken back, and no row goes, as those of
visitors who withdrew earlier cannot be told from rows of nobody. Without the log nobody can tell
who withdrew: then every grant ends, and visitors are asked again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askfirst_collector.ledger import revocation_log
from askfirst_collector.ledger.answers import RESTORE, bounded, ending
from askfirst_collector.ledger.entries import mark_of
from askfirst_collector.ledger.revoked import Revoked, done, revoked
from askfirst_collector.services import Services
from askfirst_collector.store.revocations import EVERYTHING, Log, LogDamaged, Record
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.grant_keys import link, pseudonyms, settle

log = logging.getLogger("askfirst.collector")

CHUNK = 10_000  # pseudonyms erased in one transaction


@dataclass(frozen=True)
class Lack:
    """What a ledger may lack."""

    start: int  # the first record of the log whose entry it may not have; EVERYTHING without a log
    is_cut: bool = False  # a change was on its way: no copy was put back


def reconcile(parts: Services) -> bool:
    """Hold ledger and events against the log, and narrow what came back; whether anything had to.

    Doing it twice, or in two processes at once, is harmless; one that broke off is taken up again
    by the next. Raises CollectorUnavailable.
    """
    present = parts.revocations.read()
    lack = _lack(parts, present)
    if lack is None:
        is_behind = revocation_log.catch_up(parts.engine, parts.revocations, present)
        if is_behind and parts.machines is None:
            log.warning("askfirst.W152 revocations.log was behind: the ledger told it the rest")
        return False
    # From here on every process sees that this is not done, until it is.
    cut = {"cut": True} if lack.is_cut else {}
    parts.revocations.append({"do": "begun", "from": lack.start, **cut})
    before = parts.ledger.newest()
    limits = None if lack.start == EVERYTHING else revoked(present.records(), lack.start)
    keyed = set(parts.salts.grants())
    for site, handle in parts.ledger.handles():
        _hold(parts, site, handle, limits)
        _key(parts, site, handle, has_key=handle in keyed)
    parts.salts.destroy_due(parts.now(), parts.registry.calendar)
    if not lack.is_cut:
        _sweep(parts)
        if limits is None or parts.ledger.newest() != before:
            action = "ledger.end" if limits is None else "ledger.restore"
            revocation_log.audit(parts.engine, action, now=parts.now(), urandom=parts.urandom)
    parts.revocations.append(done(*parts.ledger.top(), parts.events.generation()))
    return True


def _lack(parts: Services, present: Log) -> Lack | None:
    """What the ledger may lack of the log, and say so; None where that is nothing."""
    try:
        lack = _look(parts, present)
        if lack is not None:
            present.records()  # all of them can be read
    except LogDamaged:
        lack = Lack(EVERYTHING)
    if lack is None:
        return None
    if lack.start == EVERYTHING:
        log.error("askfirst.E150 revocations.log is lost: every grant ends, all are asked again")
    elif lack.is_cut:
        log.warning("askfirst.W154 a change was on its way when it ended: what it takes back goes")
    else:
        log.warning("askfirst.W151 a backup was restored: what was taken back since stays so")
    return lack


def _look(parts: Services, present: Log) -> Lack | None:
    begun = present.unfinished
    missing = revocation_log.first_missing(parts.engine, present)
    is_older = parts.events.generation() < present.generation
    starts = [record["from"] for record in begun]
    if missing is not None:
        starts.append(missing)
    elif is_older:
        starts.append(present.data.count(b"\n"))
    if not starts:
        return None
    is_cut = not is_older and all(record.get("cut") for record in begun)
    if missing is not None:
        is_cut = is_cut and _is_cut(parts, present.records()[missing:])
    return Lack(min(starts), is_cut)


def _is_cut(parts: Services, missing: Sequence[Record]) -> bool:
    """Whether nothing but what these records say can be missing, so that no row is nobody's.

    A grant that a restored ledger lost may have a key, which was drawn once it was on disk.
    """
    keyed = set(parts.salts.grants())
    return revocation_log.lacks_only(parts.engine, missing) and keyed <= {
        handle for _, handle in parts.ledger.handles()
    }


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
            settle(parts, site, handle)
    elif record is not None and not has_key:
        link(parts, record.editions, handle, status.choices, status.expires)


def _sweep(parts: Services) -> None:
    """Remove the rows of every pseudonym that belongs to nobody whom the ledger knows."""
    orphans = parts.events.pseudonyms()
    for site, handle in parts.ledger.handles():
        orphans -= pseudonyms(parts, site, handle)
    rows = sorted(orphans)
    for start in range(0, len(rows), CHUNK):
        parts.events.erase(rows[start : start + CHUNK])
