"""What the ledger lets go of by itself: evidence past its days, keys of grants that have ended."""

from __future__ import annotations

from askfirst_collector.ledger.entries import ERASE
from askfirst_collector.services import Services
from askfirst_collector.store.snapshot import destroy_drafts
from askfirst_collector.usecases.visitor_rights import erase

DAY = 86_400  # seconds


def forget_evidence(parts: Services, now: float) -> int:
    """Erase the entries of grants that ended `evidence_days` ago; how many grants there were."""
    gone = 0
    for site in parts.registry.readable():
        days = site.editions.current.policy.evidence_days
        gone += parts.ledger.forget_evidence(site.name, now - days * DAY)
    return gone


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


def upkeep(parts: Services, now: float) -> None:
    """Both, as a job; and copies that a backup left that was killed."""
    forget_evidence(parts, now)
    end_orphans(parts)
    destroy_drafts(parts.folder.path)
