"""Whose figures a page shows: what a site gathered itself, or one collector placed on it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException

from askfirst.terms.policy import Policy
from askfirst.terms.terms import Terms
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.closing.calendar import last_terms, name_of
from askfirst_collector.dashboard.selection.date_range import asked_purposes
from askfirst_collector.members.permissions import Member, may
from askfirst_collector.services import Services

OWN = "The site itself"


@dataclass(frozen=True)
class DataSource:
    """`collector` is "" for the site itself; `policy` says what is gathered."""

    site: Site
    collector: str
    policy: Policy

    @property
    def title(self) -> str:
        """What the page is about, for its heading."""
        return f"{self.collector} on {self.site.name}" if self.collector else self.site.name

    @property
    def titles(self) -> dict[str, str]:
        """The purposes about which something is stored, in words."""
        purposes = asked_purposes(self.policy)
        return {name: next(iter(purpose.text.values())).title for name, purpose in purposes.items()}

    def terms(self, purpose: str) -> Terms | None:
        """What bounds the figures of a purpose; where nothing is gathered now, what last did."""
        if not purpose:
            return None
        terms = last_terms(self.site, name_of(self.collector, purpose))
        if terms is None and self.collector:
            return self.policy.purposes[purpose].terms
        return terms


def read_source(parts: Services, site: Site, collector: str) -> DataSource:
    """The site itself, or its collector of this name in whatever state; 404 where it has none."""
    if not collector:
        return DataSource(site, "", site.editions.current.policy)
    entry = parts.placed_collectors.get(site.name, collector)
    if entry is None:
        raise HTTPException(404)
    return DataSource(site, entry.name, entry.placed.policy)


def subjects(parts: Services, member: Member, site: str) -> dict[str, str]:
    """Whose figures of a site a member may see, by collector, in words."""
    labels = {"": OWN} if may(member, "site.read", site) else {}
    for collector in parts.placed_collectors.all(site):
        if may(member, "collector.figures", site, owner=collector.owner):
            labels[collector.name] = collector.name
    return labels
