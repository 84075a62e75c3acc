"""Links that show a site's figures: made for a time, ended at once."""

from __future__ import annotations

from collections.abc import Sequence

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.editions import has_published
from askfirst_collector.catalogue.retired import is_retired
from askfirst_collector.catalogue.shares import (
    MOST,
    Share,
    add_share,
    drop_ended,
    drop_share,
    share_json,
    site_shares,
    word_of,
)
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import transaction
from askfirst_collector.services import Services
from askfirst_collector.store.periods import DAY

LONGEST = 366  # days


def create_share(
    parts: Services,
    actor: Member,
    site: str,
    *,
    purpose: str,
    cards: Sequence[str],
    days: str,
    lasts: int,  # days
    public: bool = False,
    embeds: bool = False,
) -> tuple[Share, str]:
    """A link and its word; that of a secret one is shown this once.

    Raises Refused `bad-shape` for no card, or an end that is none, and `too-many-requests` where
    the site has as many as it may, or a public one already; `site-retired`.
    """
    if not cards:
        raise Refused(Reason.BAD_SHAPE, "choose at least one table to show")
    if not 1 <= lasts <= LONGEST:
        raise Refused(Reason.BAD_SHAPE, f"write an end from tomorrow to {LONGEST} days from now")
    with transaction(parts, actor, "site.change", site) as work:
        if not has_published(work.connection, site):
            raise Refused(Reason.NO_SUCH_SITE, "name a site of yours")
        if is_retired(work.connection, site):
            raise Refused(Reason.SITE_RETIRED, "this site was retired: nobody could open a link")
        drop_ended(work.connection, work.now)
        others = site_shares(work.connection, site, work.now)
        if len(others) >= MOST:
            raise Refused(Reason.TOO_MANY_REQUESTS, f"end one of the {MOST} links of this site")
        if public and any(other.is_public for other in others):
            raise Refused(Reason.TOO_MANY_REQUESTS, "end the public link that this site has")
        word = word_of(site, public=public, urandom=work.urandom)
        id, expires = work.urandom(8).hex(), int(work.now) + lasts * DAY
        entry = Share(id, site, purpose, tuple(cards), days, public, embeds, expires)
        add_share(work.connection, entry, word)
        work.record("share.create", id, before=None, after=share_json(entry))
    return entry, word


def end_share(parts: Services, actor: Member, site: str, id: str) -> None:
    """Make a link stop working now. Raises Refused `not-found` where it does not work anyway."""
    with transaction(parts, actor, "site.change", site) as work:
        entries = {entry.id: entry for entry in site_shares(work.connection, site, work.now)}
        if id not in entries:
            raise Refused(Reason.NOT_FOUND, "the site has no link of this id: see its list of them")
        drop_share(work.connection, site, id)
        work.record("share.end", id, before=share_json(entries[id]), after=None)
