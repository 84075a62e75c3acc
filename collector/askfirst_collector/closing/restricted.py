"""Who restricted the use of their data: their rows sit out of every figure (GDPR, article 18).

They stay, for the visitor to see and to decide, until their period closes; then they are destroyed
uncounted.
"""

from __future__ import annotations

from askfirst_collector.closing.stores import Stores
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.salts import pseudonym


def restricted_pseudonyms(stores: Stores, key: PeriodKey) -> set[bytes]:
    """The pseudonyms in a period of those whose rows may not be used now."""
    handles = stores.ledger.restricted(key.site)
    if not handles:
        return set()
    periods = stores.salts.open_periods(key.site)
    salts = [own.salt for own in periods if (own.closes, own.period) == (key.closes, key.period)]
    keyed = [(handle, salt) for handle in handles for salt in salts]
    grants = ((handle, stores.salts.grant_key(handle)) for handle in handles)
    keyed += [(handle, grant_key) for handle, grant_key in grants if grant_key is not None]
    return {pseudonym(salt, key.site, key.purpose, key.collector, h) for h, salt in keyed}


def erase_restricted(stores: Stores, now: float) -> None:
    """Destroy their rows of periods whose salts are due: nobody could tell them apart after that.

    What closes in time has none of them left; this is for what could not be closed.
    """
    due = stores.salts.due_periods(now)
    handles = {site: stores.ledger.restricted(site) for site in {site for site, _ in due}}
    names = (
        {(key.site, key.collector, key.purpose) for key in stores.events.periods()}
        if any(handles.values())
        else set()
    )
    erased = {
        pseudonym(period.salt, site, purpose, collector, handle)
        for site, period in due
        for handle in handles[site]
        for of, collector, purpose in names
        if of == site
    }
    if erased:
        stores.events.erase(erased)
