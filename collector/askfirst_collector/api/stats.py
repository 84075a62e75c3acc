"""Figures, for programs: the same that a page of the dashboard shows, and nothing more."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst.terms.terms import Terms
from askfirst_collector.api.auth import BY_ITSELF, Endpoint, answer, require
from askfirst_collector.closing.calendar import last_terms, name_of
from askfirst_collector.closing.tables import tables_of_terms
from askfirst_collector.members.permissions import Member
from askfirst_collector.reports.export import json_of, json_of_period
from askfirst_collector.reports.pairs import Filter, read_filter, selected
from askfirst_collector.reports.ranges import daily
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed_ranges import Range

USUAL = 28  # days
LONGEST = 760  # days: no policy keeps figures longer


class StatsFace:
    """The handler; it raises Refused or CollectorUnavailable."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts

    def endpoints(self) -> list[Endpoint]:
        """The path of this file; which site is asked about stands in its query."""
        return [Endpoint("GET", "/v1/stats", BY_ITSELF, self.read)]

    async def read(self, request: Request, member: Member) -> Response:
        """One table over a range of days, or each day's totals and which tables there are."""
        return answer(await asyncio.to_thread(self._read, dict(request.query_params), member))

    def _read(self, values: dict[str, str], member: Member) -> dict[str, Any]:
        wanted, terms = self._range(values, member)
        tables, table = tables_of_terms(terms), values.get("table", "")
        if not table:
            days = daily(self._parts, wanted)
            return {**_whose(wanted), "days": list(map(json_of_period, days)), "tables": tables}
        if table not in tables:
            raise Refused(Reason.BAD_SHAPE, f"table is one of: {', '.join(tables)}")
        report = selected(self._parts, wanted, terms, table, _filter(values, tables))
        if report is None:
            raise Refused(
                Reason.BAD_SHAPE,
                f"{table} is not counted together with {values['by']}: list the pair in the policy",
            )
        return dict(json_of(report))

    def _range(self, values: dict[str, str], member: Member) -> tuple[Range, Terms]:
        name, collector = values.get("site", ""), values.get("collector", "")
        placed = self._parts.placed_collectors.get(name, collector) if collector else None
        action = "collector.figures" if collector else "site.read"
        require(member, action, name, owner=placed.owner if placed else None)
        site = self._parts.registry.site(name)
        if site is None:
            raise Refused(Reason.NO_SUCH_SITE, "name a site of yours")
        if collector and placed is None:
            raise Refused(Reason.NOT_FOUND, "name a collector that is placed on the site")
        policy = site.editions.current.policy if placed is None else placed.placed.policy
        purposes = sorted(policy.purposes)
        purpose = values.get("purpose", "")
        terms = last_terms(site, name_of(collector, purpose)) if purpose in purposes else None
        if terms is None:
            raise Refused(Reason.BAD_SHAPE, f"purpose is one of: {', '.join(purposes)}")
        last = _day(values, "to") or site.calendar.day_of(self._parts.now())
        first = _day(values, "from") or last - timedelta(days=USUAL - 1)
        if not first <= last <= first + timedelta(days=LONGEST):
            raise Refused(Reason.BAD_SHAPE, f"from is before to, by {LONGEST} days at most")
        return Range(name, purpose, first, last, collector), terms


def _whose(wanted: Range) -> dict[str, Any]:
    return {
        "site": wanted.site,
        "collector": wanted.collector,
        "purpose": wanted.purpose,
        "first": wanted.first.isoformat(),
        "last": wanted.last.isoformat(),
    }


def _filter(values: dict[str, str], tables: list[str]) -> Filter | None:
    """The filter that is asked for; Refused where it is none, so that nobody takes all for some."""
    if not (values.get("by") or values.get("is")):
        return None
    filter = read_filter(values)
    if filter is None or filter.table not in tables:
        advice = 'send by and is: a table, and the path of a line of it as JSON, as ["/", "/"]'
        raise Refused(Reason.BAD_SHAPE, advice)
    return filter


def _day(values: dict[str, str], name: str) -> date | None:
    text = values.get(name, "")
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = date.min
    if day is not None and not 2000 <= day.year <= 2999:
        raise Refused(Reason.BAD_SHAPE, f"{name} is a day, as 2026-11-16")
    return day
