"""Restoring a backup brings back no withdrawn grant and no erased row (M48).

`salts.db` is in no backup, so it alone knows what happened since one was made. It witnesses how far
the ledger and the event store had come at the last ending, and whose endings there were; whoever
opens files that are behind it ends those handles again, and removes every row whose visitor cannot
be found any more. A ledger that meets a `salts.db` it was never opened with has lost its witness:
then every grant in it ends, and its visitors are asked again.
"""

from __future__ import annotations

import logging

from askfirst_collector.ledger.answers import RESTORE, ending
from askfirst_collector.ledger.entries import mark_of
from askfirst_collector.services import Services
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.record_consent import settle

log = logging.getLogger("askfirst.collector")

CHUNK = 10_000  # pseudonyms erased in one transaction


def reconcile(parts: Services) -> bool:
    """Compare the files with their witness, and narrow what came back; whether anything had to be.

    Doing it twice, or in two processes at once, is harmless. Raises CollectorUnavailable.
    """
    witness = parts.salts.witness()
    known = parts.ledger.pair(witness.pair)
    if known != witness.pair:
        log.warning("askfirst.W150 salts.db is not the one of this ledger: every grant ends")
        for site, handle in parts.ledger.handles():
            _end(parts, site, handle)
    elif parts.ledger.newest() < witness.newest:
        log.warning("askfirst.W151 the ledger was restored: what was withdrawn since stays so")
        endings = parts.salts.endings()
        for site, handle in parts.ledger.handles():
            erased = endings.get(mark_of(site, handle))
            if erased:
                rights.erase(parts, site, handle)
            elif erased is not None:
                _end(parts, site, handle)
    elif rights.generation(parts) >= witness.generation:
        return False
    _sweep(parts)
    parts.salts.rewitness(known, parts.ledger.newest(), rights.generation(parts))
    return True


def _end(parts: Services, site: str, handle: str) -> None:
    parts.ledger.append(site, handle, lambda past: ending(past, now=parts.now(), method=RESTORE))
    settle(parts, site, handle)


def _sweep(parts: Services) -> None:
    """Remove the rows of every pseudonym that belongs to nobody whom the ledger knows."""
    orphans = parts.events.pseudonyms()
    for site, handle in parts.ledger.handles():
        orphans -= rights.pseudonyms(parts, site, handle)
    pseudonyms = sorted(orphans)
    for start in range(0, len(pseudonyms), CHUNK):
        parts.events.erase(pseudonyms[start : start + CHUNK])
