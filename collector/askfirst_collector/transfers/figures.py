"""Which figures a recipient gets: what a closed period disclosed, and nothing else."""

from __future__ import annotations

from typing import Any

from askfirst.terms.terms import Recipient
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.closing.calendar import asked
from askfirst_collector.store.disclosed_ranges import PeriodTables
from askfirst_collector.transfers.events import recipient_of


def named(site: Site | None, purpose: str, name: str) -> Recipient | None:
    """The recipient as the policy that holds now names it; None where it names none."""
    terms = None if site is None or site.retired else asked(site, purpose)
    return None if terms is None else recipient_of(terms, name)


def written(period: PeriodTables) -> dict[str, Any]:
    """The tables of a period as they are delivered."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for cell in period.cells:
        row = {"path": list(cell.path), "kind": cell.kind, "visitors": cell.visitors}
        tables.setdefault(cell.table, []).append(row)
    totals = period.totals
    return {
        "period": period.period,
        "closes": period.closes,
        "visitors": totals.visitors,
        "views": totals.views,
        "visits": totals.visits,
        "tables": tables,
    }
