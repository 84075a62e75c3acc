"""What the ledger sees to by itself: keys of grants that have ended."""

from __future__ import annotations

from askfirst_collector.ledger.entries import ERASE
from askfirst_collector.services import Services
from askfirst_collector.usecases.visitor_rights import erase


def end_orphans(parts: Services) -> int:
    """Destroy the keys of grants that the ledger does not know, or has ended; how many.

    A crash between the two files leaves such keys. A key is drawn only after its entry is on disk,
    so one without an entry is nobody's. An erasure that broke off is finished first: without the
    key its rows could not be told from others' any more.
    """
    # Before the ledger is asked: a grant made meanwhile is not among them.
    keyed = parts.salts.grants()
    orphans = set(keyed) - parts.ledger.living(keyed)
    for handle in orphans:
        for site in parts.ledger.sites_of(handle):
            latest = parts.ledger.latest(site, handle)
            if latest is not None and latest.body["method"] == ERASE:
                erase(parts, site, handle)
        parts.salts.end_grant(handle)
    return len(orphans)
