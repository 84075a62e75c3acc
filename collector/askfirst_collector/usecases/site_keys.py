"""Site keys: created with an overlap for those before, and ended one by one."""

from __future__ import annotations

from askfirst.errors import Reason, Refused
from askfirst.terms.reading import NAME
from askfirst_collector.catalogue import relay_keys
from askfirst_collector.catalogue.editions import has_published
from askfirst_collector.catalogue.relay_keys import OVERLAP, SiteKey, keys_of, site_keys
from askfirst_collector.ledger.entries import hour_of, timestamp
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import Transaction, transaction
from askfirst_collector.services import Services


def create_site_key(
    parts: Services, actor: Member, site: str, *, new_site: bool = False, end_older: bool = False
) -> str:
    """Create a key, shown this once; those before it end a week later, with `end_older` now.

    `new_site` allows a site that has published nothing: its relay will. Raises Refused
    `no-such-site`, and `too-many-requests` where the site has as many keys as it may.
    """
    if not NAME.fullmatch(site):
        raise Refused(Reason.NO_SUCH_SITE, "write the name of a site: [a-z][a-z0-9_-]*")
    with transaction(parts, actor, "site.key", site) as work:
        _check_site(work, site, new_site=new_site)
        now = parts.now()
        older = site_keys(work.connection, site, now=now)
        if end_older:
            for key in older:
                _end(work, site, key.id)
            older = ()
        token = relay_keys.draw_site_key(work.connection, site, now=now, urandom=parts.urandom)
        newest = site_keys(work.connection, site, now=now)[-1]
        ending = [key.id for key in older if key.expires is None]
        overlap = {"older_keys": ending, "they_end": timestamp(hour_of(now) + OVERLAP)}
        after = {"key": newest.id, **(overlap if ending else {})}
        work.record("site-key.create", newest.id, before=None, after=after)
    return token


def end_site_key(parts: Services, actor: Member, site: str, id: str) -> None:
    """Make one key stop working now. Raises Refused `not-found` where it does not work anyway."""
    with transaction(parts, actor, "site.key", site) as work:
        _check_site(work, site, new_site=True)
        keys = site_keys(work.connection, site, now=parts.now())
        if id not in {key.id for key in keys}:
            raise Refused(Reason.NOT_FOUND, "the site has no key of this id: see its list of keys")
        _end(work, site, id)


def read_site_keys(parts: Services, site: str) -> tuple[SiteKey, ...]:
    """The keys of a site that work, newest last; what they are is nowhere."""
    return keys_of(parts.engine, site, now=parts.now())


def _end(work: Transaction, site: str, id: str) -> None:
    relay_keys.end_site_key(work.connection, site, id)
    work.record("site-key.end", id, before={"key": id}, after=None)


def _check_site(work: Transaction, site: str, *, new_site: bool) -> None:
    if not new_site and not has_published(work.connection, site):
        raise Refused(Reason.NO_SUCH_SITE, "name a site of yours")
