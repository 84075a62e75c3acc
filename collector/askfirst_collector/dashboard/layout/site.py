"""Renders the pages of one site that are about its settings, under the menu of its figures."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from askfirst_collector.dashboard.layout.alerts import notices
from askfirst_collector.dashboard.layout.forms import Visit, check_csrf, read_form
from askfirst_collector.dashboard.layout.menu import Menu, bare_menu, menu
from askfirst_collector.dashboard.layout.templates import Pages
from askfirst_collector.dashboard.selection.date_range import read_date_range
from askfirst_collector.dashboard.selection.source import read_source
from askfirst_collector.dashboard.selection.tables import tables_of
from askfirst_collector.members.permissions import visible
from askfirst_collector.services import Services

# A policy in a form may be three times as long as it is.
LARGEST_POLICY = 400_000  # bytes
MOST_FIELDS = 2_000


class SiteLayout:
    """The frame of a site's settings; the site may have published nothing yet."""

    def __init__(self, parts: Services, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def page(
        self, request: Request, visit: Visit, template: str, *, status: int = 200, **values: Any
    ) -> Response:
        """The template, for the site of the address."""
        name = request.path_params["site"]
        site = self._parts.registry.site(name)
        current = request.url.path.removeprefix(request.scope.get("root_path", ""))
        return self._pages.page(
            request,
            template,
            status=status,
            visit=visit,
            name=name,
            site=site,
            here=current,
            notices=() if site is None else notices(self._parts, visit.member, site),
            frame=self._menu(request, visit, name, current),
            simulated=(self._parts.folder.path / "simulated").exists(),
            **values,
        )

    def _menu(self, request: Request, visit: Visit, name: str, current: str) -> Menu:
        site = self._parts.registry.site(name)
        sites = visible(visit.member, self._parts.registry.sites())
        if site is None:
            return bare_menu(visit.member, sites, name, current)
        # What was looked at goes along: of a placed collector its tables, which may be fewer.
        collector = request.query_params.get("collector", "")
        is_placed = self._parts.placed_collectors.get(name, collector) is not None
        subject = read_source(self._parts, site, collector if is_placed else "")
        today = site.calendar.day_of(self._parts.now())
        span = read_date_range(
            subject.policy, request.query_params, today=today, collector=subject.collector
        )
        terms = subject.terms(span.purpose)
        return menu(visit.member, sites, name, current, span, tables_of(terms) if terms else ())


async def read_policy_form(request: Request, visit: Visit) -> dict[str, str]:
    """The fields of a form that may carry a whole policy, checked to be of this session."""
    form = await read_form(request, largest=LARGEST_POLICY, fields=MOST_FIELDS)
    check_csrf(visit, form)
    return form


async def read_own_form(request: Request, visit: Visit) -> dict[str, str]:
    """The fields of a small form, checked to be of this session."""
    form = await read_form(request)
    check_csrf(visit, form)
    return form


def to(request: Request, path: str) -> Response:
    """To another page of the dashboard, after a form."""
    return RedirectResponse(request.scope.get("root_path", "") + path, status_code=303)
