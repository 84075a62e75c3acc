"""Behind the demo: the chain of terms as it stands, and the button that tightens it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from askfirst.contracts.origin import same_origin
from askfirst_collector.api.serialize import state_of
from askfirst_collector.demo.chain import Sites, is_tight, tighten
from askfirst_collector.demo.pages import SECURITY, templates
from askfirst_collector.services import Services

PATH = "/behind"


@dataclass(frozen=True)
class Link:
    """A site or a collector below the host policy: its state, and what it would have to write."""

    name: str
    where: str
    gathers: str
    state: str
    conflicts: tuple[dict[str, Any], ...]
    placed: bool


class ChainPage:
    """The page and its one form. In a real host only the host admin reaches it."""

    def __init__(
        self, parts: Callable[[], Services], sites: Sites, *, notice: Callable[[Request], object]
    ) -> None:
        self._parts = parts
        self._sites = sites
        self._notice = notice
        self._templates = templates()

    def routes(self) -> list[Route]:
        """For the shop to have."""
        return [Route(PATH, self.show), Route(PATH, self.press, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """The chain as it stands now."""
        links, tight = await asyncio.to_thread(self._chain)
        html = self._templates.get_template("behind.html").render(
            notice=self._notice(request),
            path=PATH,
            links=links,
            tight=tight,
            units="m",
            year=2026,
            pressed=request.query_params.get("now"),
        )
        return HTMLResponse(html, headers={**SECURITY, "cache-control": "no-store"})

    async def press(self, request: Request) -> Response:
        """Tighten the host policy, or loosen it again."""
        if not same_origin(request.headers.raw, self._sites.shop.origins):
            raise HTTPException(403)
        _, tight = await asyncio.to_thread(self._chain)
        await asyncio.to_thread(lambda: tighten(self._parts(), tight=not tight))
        word = "loosened" if tight else "tightened"
        return RedirectResponse(f"{PATH}?now={word}#chain", status_code=303)

    def _chain(self) -> tuple[list[Link], bool]:
        parts = self._parts()
        links = []
        for policy in (self._sites.shop, self._sites.office):
            site = parts.registry.site(policy.site) if policy is not None else None
            if policy is None or site is None:
                continue
            conflicts = tuple(entry.as_dict() for entry in site.suspended)
            what = f"{policy.origins[0]}/"
            links.append(
                Link(
                    policy.controller.name,
                    what,
                    _gathered(policy.purposes["statistics"].terms.scope.as_dict()),
                    state_of(site),
                    conflicts,
                    placed=False,
                )
            )
            for entry in parts.placed_collectors.all(policy.site):
                reason = entry.reason or {}
                scope = entry.placed.policy.purposes["statistics"].terms.scope.as_dict()
                links.append(
                    Link(
                        entry.placed.policy.controller.name,
                        ", ".join(entry.placed.pages),
                        _gathered(scope),
                        entry.state,
                        tuple(reason.get("conflicts", ())),
                        placed=True,
                    )
                )
        return links, is_tight(parts.host.current().policy)


def _gathered(levels: dict[str, int]) -> str:
    place = {1: "country", 2: "country and region"}.get(levels.get("ip", 0), "no place")
    return f"{len(levels)} attributes, {place}"
