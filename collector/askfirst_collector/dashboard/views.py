"""The pages of one site: what was agreed to, what was disclosed, and why a figure is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from askfirst.terms.edition import Edition
from askfirst.terms.policy import Policy
from askfirst.terms.widening import Widening, widened
from askfirst_collector.dashboard.door import Visit
from askfirst_collector.dashboard.pages import Pages
from askfirst_collector.explain import explain
from askfirst_collector.parts import Parts
from askfirst_collector.registry.sites import Site

Handler = Callable[[Request, Visit], Awaitable[Response]]


class Views:
    """The handlers of a site's pages; every figure on them comes from `reports`."""

    def __init__(self, parts: Parts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def routes(self) -> list[tuple[str, Handler]]:
        """Paths and their handlers."""
        return [
            ("/", self.first),
            ("/sites/{site}", self.policy),
            ("/sites/{site}/policy", self.policy),
            ("/sites/{site}/editions", self.editions),
        ]

    async def first(self, request: Request, visit: Visit) -> Response:
        """The first site; where there is none yet, what to do."""
        sites = await run_in_threadpool(self._parts.registry.sites)
        if not sites:
            return self._pages.page(request, "no-site.html", visit=visit)
        base = request.scope.get("root_path", "")
        return RedirectResponse(f"{base}/sites/{sites[0]}", status_code=303)

    async def policy(self, request: Request, visit: Visit) -> Response:
        """The policy in force, in the words visitors read."""
        site = await self._site(request)
        return self._page(
            request, visit, site, "policy.html", purposes=explain(site.editions.current.policy)
        )

    async def editions(self, request: Request, visit: Visit) -> Response:
        """Every edition, newest first, with what each widened."""
        site = await self._site(request)
        rows: list[dict[str, Any]] = []
        previous: Edition | None = None
        for edition in site.editions:
            wider = _widened(previous.policy, edition.policy) if previous else None
            rows.append({"edition": edition, "widened": wider})
            previous = edition
        return self._page(request, visit, site, "editions.html", rows=rows[::-1])

    async def _site(self, request: Request) -> Site:
        site = await run_in_threadpool(self._parts.registry.site, request.path_params["site"])
        if site is None:
            raise HTTPException(404)
        return site

    def _page(
        self, request: Request, visit: Visit, site: Site, template: str, **values: Any
    ) -> Response:
        return self._pages.page(
            request,
            template,
            visit=visit,
            site=site,
            edition=site.editions.current,
            menu=menu(site.name, request.url.path.removeprefix(request.scope["root_path"])),
            simulated=(self._parts.folder.path / "simulated").exists(),
            **values,
        )

    def _today(self) -> date:
        return datetime.fromtimestamp(self._parts.now(), UTC).date()


def _widened(old: Policy, new: Policy) -> dict[str, tuple[Widening, ...]]:
    found = {name: widened(old, new, name) for name in new.purposes}
    return {name: changes for name, changes in found.items() if changes}


def menu(site: str, here: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """The links of the side bar, under their headings."""
    groups = {
        "Policy": {"/policy": "In force", "/editions": "Editions"},
    }
    return [
        (
            heading,
            [
                {
                    "href": f"/sites/{site}{path}",
                    "text": text,
                    "here": here == f"/sites/{site}{path}",
                }
                for path, text in entries.items()
            ],
        )
        for heading, entries in groups.items()
    ]
