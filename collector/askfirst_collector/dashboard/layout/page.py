"""A page inside the dashboard: its address, the action that it is, and what answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.menu import layout_menu
from askfirst_collector.dashboard.layout.templates import Pages
from askfirst_collector.members.permissions import ACTIONS, may, visible
from askfirst_collector.services import Services

Handler = Callable[[Request, Visit], Awaitable[Response]]


@dataclass(frozen=True)
class Page:
    """One method of one path; `action` is a row of ACTIONS, or None: every member.

    With `figures`, `?collector=` asks for those of a placed collector: another action.
    """

    path: str
    action: str | None
    handler: Handler
    method: str = "GET"
    figures: bool = False

    @property
    def is_file(self) -> bool:
        """Whether it answers with a file, which a program may save as what it is not."""
        return "." in self.path


class Layout:
    """Renders the pages that are about no one site, with the menu of what the member may see."""

    def __init__(self, parts: Services, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def page(
        self, request: Request, visit: Visit, template: str, *, status: int = 200, **values: Any
    ) -> Response:
        """The template in the frame."""
        current = request.url.path.removeprefix(request.scope.get("root_path", ""))
        sites = visible(visit.member, self._parts.registry.sites())
        frame = layout_menu(visit.member, sites, current)
        values.setdefault("simulated", (self._parts.folder.path / "simulated").exists())
        return self._pages.page(
            request, template, status=status, visit=visit, frame=frame, here=current, **values
        )


def collector_of(page: Page, request: Request) -> str:
    """The placed collector that the address names, or whose figures are asked for; else ""."""
    collector = request.query_params.get("collector", "") if page.figures else ""
    return str(request.path_params.get("collector", collector))


def check_page(
    visit: Visit, page: Page, site: str | None, *, collector: str = "", owner: str | None = None
) -> None:
    """404 for a site that is not the member's, as for one that does not exist; 403 for the rest.

    `owner` is the one of the placed `collector` that the page is asked about.
    """
    action = "collector.figures" if collector and page.figures else page.action
    if action is None or may(visit.member, action, site, owner=owner):
        return
    if ACTIONS[action].of_site and not may(visit.member, "site.read", site):
        raise HTTPException(404)
    raise HTTPException(403, "Your role does not allow this. Ask a host admin.")
