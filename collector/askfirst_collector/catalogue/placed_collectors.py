"""The placed collectors of sites, to look at: what stands where, and what goes beyond the chain."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Engine

from askfirst.errors import Problem, Reason, Refused
from askfirst.terms.edition import Edition
from askfirst.terms.placed import Placed
from askfirst_collector.catalogue.activate import chain_conflicts
from askfirst_collector.catalogue.editions import load_editions
from askfirst_collector.catalogue.host_policy import HostPolicy
from askfirst_collector.catalogue.placed import (
    PlacedCollector,
    count_active,
    find_placed,
    load_owned,
    load_placed,
)
from askfirst_collector.catalogue.retired import is_retired
from askfirst_collector.store.database import reading


class PlacedCollectors:
    """The placed collectors in `ledger.db`; every method may raise CollectorUnavailable."""

    def __init__(self, engine: Engine, host: HostPolicy) -> None:
        self._engine = engine
        self._host = host

    def all(self, site: str) -> tuple[PlacedCollector, ...]:
        """The collectors of a site, by name, in whatever state."""
        with reading(self._engine) as connection:
            return load_placed(connection, site)

    def active(self, sites: Collection[str]) -> dict[str, int]:
        """How many stand on the pages of each of these sites; a site without is left out."""
        with reading(self._engine) as connection:
            return count_active(connection, sites)

    def owned(self, owner: str) -> tuple[PlacedCollector, ...]:
        """All collectors of a member, by site and name."""
        with reading(self._engine) as connection:
            return load_owned(connection, owner)

    def get(self, site: str, name: str) -> PlacedCollector | None:
        """One collector of a site."""
        with reading(self._engine) as connection:
            return find_placed(connection, site, name)

    def overlapping(self, placed: Placed) -> tuple[str, ...]:
        """The other collectors that share a page pattern with this one; each asks for itself."""
        pages = set(placed.pages)
        collectors = self.all(placed.policy.site)
        others = [
            collector
            for collector in collectors
            if collector.state == "active" and collector.name != placed.name
        ]
        return tuple(collector.name for collector in others if pages & set(collector.placed.pages))

    def check(self, placed: Placed) -> tuple[Problem, ...]:
        """Every conflict with the chain above, as it is now; nothing is written."""
        with reading(self._engine) as connection:
            edition = current_edition(connection, placed.policy.site)
        return chain_conflicts(placed, edition.policy, self._host.current().policy)


def current_edition(connection: Connection, site: str) -> Edition:
    """The edition that a collector is placed below; Refused `no-such-site` and `site-retired`."""
    editions = load_editions(connection, site)
    if not editions:
        raise Refused(Reason.NO_SUCH_SITE, "publish a policy for this site first")
    if is_retired(connection, site):
        raise Refused(Reason.SITE_RETIRED, "this site was retired")
    return editions.current
