"""Figures that another tool counted before: taken from its export, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from askfirst.errors import Reason, Refused
from askfirst.terms.terms import Terms
from askfirst_collector.catalogue.editions import has_published
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.imports.cells import TOTAL, Sums
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import transaction
from askfirst_collector.services import Services
from askfirst_collector.store.imported import (
    Imported,
    drop_imported,
    find_imports,
    replace_imported,
)


@dataclass(frozen=True)
class Taken:
    """What was taken: the first and the last day, how many, and how many cells were left out."""

    first: date | None
    last: date | None
    days: int
    small: int  # of fewer visitors than the size
    old: int  # older than the policy keeps figures

    def lines(self) -> Iterator[str]:
        """The same in words."""
        if self.days:
            yield f"Taken: {self.days} days, {self.first} to {self.last}."
        else:
            yield "Nothing was taken: no day is recent enough, and of enough visitors."
        if self.small:
            yield f"{self.small} figures of too few visitors were left out."
        if self.old:
            yield f"{self.old} figures are older than the policy keeps any, and were left out."


def import_figures(parts: Services, actor: Member, site: str, source: str, sums: Sums) -> Taken:
    """Keep what an export says, in place of what was taken from this tool before.

    Only cells of the largest `min_cell_size` of the site's purposes, and of days that its policy
    would still keep. Raises Refused `no-such-site`, and `policy-refused` for a policy that asks
    nothing.
    """
    record = parts.registry.site(site)
    if record is None:
        raise Refused(Reason.NO_SUCH_SITE, "name a site that has published a policy")
    size, oldest = _size(record), oldest_day(record, parts.now())
    every = list(sums.cells(0))
    cells = [cell for cell in sums.cells(size) if cell.day >= oldest]
    rows = [
        {
            "day": cell.day.isoformat(),
            "table": cell.table,
            "value": cell.value,
            "visitors": cell.visitors,
            "views": cell.views,
        }
        for cell in cells
    ]
    with transaction(parts, actor, "site.change", site) as work:
        if not has_published(work.connection, site):
            raise Refused(Reason.NO_SUCH_SITE, "name a site that has published a policy")
        before = _as_change(find_imports(work.connection, site), source)
        replace_imported(work.connection, site, source, rows)
        after = _as_change(find_imports(work.connection, site), source)
        work.record("figures.import", source, before=before, after=after)
    days = sorted(cell.day for cell in cells if cell.table == TOTAL)
    old = sum(cell.day < oldest for cell in every)
    first, last = (days[0], days[-1]) if days else (None, None)
    return Taken(first, last, len(days), len(every) - old - len(cells), old)


def remove_imported(parts: Services, actor: Member, site: str, source: str) -> None:
    """Forget what was taken from a tool. Raises Refused `not-found` where nothing was."""
    with transaction(parts, actor, "site.change", site) as work:
        before = _as_change(find_imports(work.connection, site), source)
        if not drop_imported(work.connection, site, source):
            raise Refused(Reason.NOT_FOUND, "nothing was imported from this tool")
        work.record("figures.remove", source, before=before, after=None)


def oldest_day(site: Site, now: float) -> date:
    """The first day of which the site's policy still keeps figures."""
    days = max((terms.retention_days for terms in _asked(site)), default=0)
    return site.calendar.day_of(now) - timedelta(days=days)


def oldest_days(parts: Services, now: float) -> Mapping[str, str]:
    """The same of every site that can be read, as ISO 8601."""
    return {site.name: str(oldest_day(site, now)) for site in parts.registry.readable()}


def _size(site: Site) -> int:
    size = max((terms.min_cell_size for terms in _asked(site)), default=0)
    if not size:
        detail = "publish a policy with a purpose first: it says how few may be shown"
        raise Refused(Reason.POLICY_REFUSED, detail)
    return size


def _asked(site: Site) -> list[Terms]:
    purposes = site.editions.current.policy.purposes.values()
    return [purpose.terms for purpose in purposes if purpose.asked]


def _as_change(imports: tuple[Imported, ...], source: str) -> dict[str, object] | None:
    own = next((entry for entry in imports if entry.source == source), None)
    return None if own is None else {"first": own.first, "last": own.last, "days": own.days}
