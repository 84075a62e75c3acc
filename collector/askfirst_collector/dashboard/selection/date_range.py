"""What a page is about: a purpose, days, what they are held against, a filter; all by its address.

Whoever moves from page to page keeps it: every link of the menu carries it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType

from askfirst.terms.policy import Policy
from askfirst.terms.purpose import Purpose
from askfirst_collector.dashboard.selection.query import query
from askfirst_collector.reports.pairs import Filter, read_filter
from askfirst_collector.store.disclosed_ranges import Range

LONGEST = 760  # days: no policy keeps figures longer
PRESETS = {
    "today": "Today",
    "7d": "7 days",
    "28d": "28 days",
    "month": "This month",
    "last-month": "Last month",
    "12m": "12 months",
}
# What is shown where no dates are asked for: enough periods to see a line.
USUAL = {"day": "28d", "week": "12m", "month": "12m"}
COMPARISONS = {"before": "the period before", "year": "the year before", "none": "nothing"}
OF_A_SITE = ("collector", "purpose", "by", "is", "show")  # of an address, and of no other site
# What of an address is carried on; whatever else it says is of one page alone.
CARRIED = ("collector", "purpose", "range", "from", "to", "compare", "by", "is", "show", "measure")


@dataclass(frozen=True)
class DateRange:
    """The purpose and the days, and the query string that leads here again.

    `collector` is the placed one that gathered, "" for the site itself; `preset` is one of PRESETS,
    "" for days of one's own; `values` is what the address said.
    """

    purpose: str
    first: date
    last: date
    query: str
    collector: str = ""
    preset: str = ""
    compare: str = "before"  # one of COMPARISONS
    filter: Filter | None = None
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def tabs(self) -> frozenset[str]:
        """The tables that were chosen, of the several that a card may show."""
        return frozenset(self.values.get("show", "").split(","))

    def filter_of(self, table: str) -> Filter | None:
        """The filter that a table is under; its own table is whole."""
        return None if self.filter is None or self.filter.table == table else self.filter

    def wanted(self, site: str) -> Range:
        """The same, for the reports."""
        return Range(site, self.purpose, self.first, self.last, self.collector)

    def before(self) -> tuple[date, date] | None:
        """The days that these are held against; None where they are held against nothing."""
        if self.compare == "none":
            return None
        if self.compare == "year":
            return _year_before(self.first), _year_before(self.last)
        if self.preset in ("month", "last-month"):
            first = (self.first - timedelta(days=1)).replace(day=1)
            last = first + (self.last - self.first)
            return first, min(last, self.first - timedelta(days=1))
        length = self.last - self.first + timedelta(days=1)
        return self.first - length, self.last - length

    def table_before(self, today: date, closes: str) -> DateRange | None:
        """The same page of them, where the address asks for it: two tables cost twice as much.

        Days that are not over have no lines, so as many are left out of those before.
        """
        before = self.before() if self.values.get("compare") in ("before", "year") else None
        if before is None:
            return None
        running = max(0, (self.last - today).days + 1) if closes == "day" else 0
        first, last = before[0], before[1] - timedelta(days=running)
        return replace(self, first=first, last=last) if first <= last else None

    def link(self, **changes: str) -> str:
        """The query string of this page with other values; "" takes one out."""
        return query({**self.values, **changes})

    def elsewhere(self) -> str:
        """The query string of the same days at another site, which has purposes of its own."""
        return self.link(**dict.fromkeys(OF_A_SITE, ""))

    def days(self, first: date, last: date) -> str:
        """The query string of the same for days of one's own."""
        return self.link(range="", **{"from": first.isoformat(), "to": last.isoformat()})

    def filtered(self, table: str, path: tuple[str, ...]) -> str:
        """The query string of the same under a filter."""
        return self.link(**Filter(table, path).values)


def read_date_range(
    policy: Policy, asked_for: Mapping[str, str], *, today: date, collector: str = ""
) -> DateRange:
    """The span of a query; what is missing or cannot be read gets the usual value."""
    purposes = asked_purposes(policy)
    purpose = asked_for.get("purpose", "")
    if purpose not in purposes:
        purpose = usual_purpose(policy)
    closes = policy.purposes[purpose].terms.closes if purpose else "day"
    own = _day(asked_for.get("from", "")), _day(asked_for.get("to", ""))
    preset = asked_for.get("range", "")
    if preset in PRESETS or own == (None, None):
        preset = preset if preset in PRESETS else USUAL[closes]
        first, last = _of_preset(preset, today)
    else:
        preset = ""
        last = own[1] or today
        first = own[0] or _of_preset(USUAL[closes], last)[0]
        first, last = min(first, last), max(first, last)
        first = max(first, last - timedelta(days=LONGEST))
    compare = asked_for.get("compare", "")
    values = {name: asked_for.get(name, "") for name in CARRIED} | {"collector": collector}
    return DateRange(
        purpose,
        first,
        last,
        query(values),
        collector,
        preset,
        compare if compare in COMPARISONS else "before",
        read_filter(asked_for),
        MappingProxyType(values),
    )


def _of_preset(preset: str, today: date) -> tuple[date, date]:
    if preset == "month":
        return today.replace(day=1), today
    if preset == "last-month":
        last = today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
    if preset == "12m":
        return _year_before(today) + timedelta(days=1), today
    days = {"today": 1, "7d": 7, "28d": 28}[preset]
    return today - timedelta(days=days - 1), today


def _year_before(day: date) -> date:
    # 29 February has none.
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


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
