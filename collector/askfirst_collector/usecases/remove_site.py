"""The end of a site and of everything that is kept of it."""

from __future__ import annotations

from contextlib import suppress

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.activate import move_revision
from askfirst_collector.catalogue.editions import has_published
from askfirst_collector.catalogue.notice_archive import forget_words
from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.ledger.remove_site import CHUNK, empty_entries, end_handles, handles_of
from askfirst_collector.members.invitations import forget_site_of_invitations
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import transaction
from askfirst_collector.services import Services
from askfirst_collector.store.database import forget_site
from askfirst_collector.store.disclosed import remove_cells_of
from askfirst_collector.usecases.sites import retire_site

# What stays: the leaves of entries, what members changed, and that the name is not given again.
_STAYS = frozenset({"entry", "change", "retired_site", "request"})


def remove_site(parts: Services, actor: Member, site: str) -> None:
    """Retire a site, then destroy its visits, figures, answers, keys, policies and memberships.

    Each step finds the work of the one before on disk, so that a crash between them is mended by
    asking again. What stays: in the ledger the leaves and what members changed, the log of
    revocations, and the name, which no other site gets. Raises Refused `no-such-site`.
    """
    with transaction(parts, actor, "site.delete", site) as work:
        if not has_published(work.connection, site):
            raise Refused(Reason.NO_SUCH_SITE, "name a site that has published a policy")
    # From here on nothing is gathered, and nobody is asked.
    retire_site(parts, actor, site)
    handles = _end_visitors(parts, actor, site)
    # Nothing is written under their handles once the barrier is passed, so nothing is missed.
    parts.events.barrier()
    for key in parts.events.periods():
        if key.site == site:
            parts.events.drop(key)
    parts.transfers.forget_site(site)
    parts.salts.forget_site(site, handles)
    for handle in handles:
        with parts.spool.claim(handle) as claim:
            if claim is not None:
                claim.done()
    parts.keys.forget_site(site)
    with transaction(parts, actor, "site.delete", site) as work:
        with suppress(Unreadable):
            forget_words(work.connection, site)
        forget_site_of_invitations(work.connection, site)
        remove_cells_of(work.connection, site)
        empty_entries(work.connection, site)
        forget_site(work.connection, site, but=_STAYS)
        move_revision(work.connection)
        states = {"state": "retired"}, {"state": "removed"}
        work.record("site.remove", site, before=states[0], after=states[1])
    parts.ledger.truncate()


def _end_visitors(parts: Services, actor: Member, site: str) -> list[str]:
    with transaction(parts, actor, "site.delete", site) as work:
        handles = handles_of(work.connection, site)
    for start in range(0, len(handles), CHUNK):
        with transaction(parts, actor, "site.delete", site) as work:
            chunk = handles[start : start + CHUNK]
            end_handles(work.connection, parts.revocations, site, chunk)
    return handles
