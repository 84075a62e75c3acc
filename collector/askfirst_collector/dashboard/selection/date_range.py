"""What a page is about: a purpose, from one day to another; read from the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from askfirst.terms.policy import Policy
from askfirst.terms.purpose import Purpose
from askfirst_collector.dashboard.selection.query import query
from askfirst_collector.store.disclosed_ranges import Range

LONGEST = 760  # days: no policy keeps figures longer
# How much is shown where no dates are asked for: about fourteen columns.
USUAL = {"day": timedelta(days=14), "week": timedelta(weeks=13), "month": timedelta(days=396)}


@dataclass(frozen=True)
class DateRange:
    """The purpose and the days, and the query string that leads here again.

    `collector` is the placed one that gathered; "" for the site itself.
    """

    purpose: str
    first: date
    last: date
    query: str
    collector: str = ""

    def wanted(self, site: str) -> Range:
        """The same, for the reports."""
        return Range(site, self.purpose, self.first, self.last, self.collector)


def read_date_range(
    policy: Policy, asked_for: Mapping[str, str], *, today: date, collector: str = ""
) -> DateRange:
    """The span of a query; what is missing or cannot be read gets the usual value."""
    purposes = asked_purposes(policy)
    purpose = asked_for.get("purpose", "")
    if purpose not in purposes:
        purpose = usual_purpose(policy)
    closes = policy.purposes[purpose].terms.closes if purpose else "day"
    last = _day(asked_for.get("to", "")) or today
    first = _day(asked_for.get("from", "")) or last - USUAL[closes]
    first, last = min(first, last), max(first, last)
    first = max(first, last - timedelta(days=LONGEST))
    filters = {name: asked_for.get(name, "") for name in ("purpose", "from", "to")}
    return DateRange(purpose, first, last, query({"collector": collector, **filters}), collector)


def asked_purposes(policy: Policy) -> dict[str, Purpose]:
    """The purposes about which something is stored, by name."""
    return {
        name: purpose
        for name, purpose in policy.purposes.items()
        if purpose.asked and any(purpose.terms.scope.levels)
    }


def usual_purpose(policy: Policy) -> str:
    """The purpose that says most about visits; "" where nothing is stored at all."""
    purposes = asked_purposes(policy)
    return max(purposes, key=lambda name: sum(purposes[name].terms.scope.levels), default="")


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2999 else None
