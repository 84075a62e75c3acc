"""A collector of its own on a real port, its members, and a site that reaches it by a relay."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from askfirst import ConsentMiddleware, HttpCollector, askfirst_notice
from askfirst_collector.commands.server import HOST, server_app
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.invitations import accept_invitation, invite_member
from askfirst_collector.usecases.links import create_set_up_link, set_up_admin
from tests.support.served import served

PASSWORD = "four quiet herons wade"
TAGS = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']"


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Host:
    """The collector, and ada who runs it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack = stack
        self.folder = folder
        self.port = free_port()
        self.collector = EmbeddedCollector(folder / "data", secure=False, jobs=False)
        stack.callback(self.collector.close)
        set_up_admin(self.parts, create_set_up_link(self.parts, ON_THE_MACHINE), "ada", PASSWORD)
        stack.enter_context(served(server_app(self.collector), port=self.port, lifespan="auto"))

    @property
    def parts(self) -> Services:
        return self.collector.parts()

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def address(self, path: str) -> str:
        """A page of the dashboard."""
        return f"{self.origin}{HOST}{path}"

    def invite(self, *sites: str) -> str:
        """The link of an invitation for the owner of these sites."""
        ada = self.parts.members.get("ada")
        assert ada is not None
        _, token = invite_member(self.parts, ada, "site-owner", sites)
        return self.address(f"/invitation?token={token}")

    def member(self, name: str, *sites: str) -> None:
        """An owner of these sites who has accepted already."""
        token = self.invite(*sites).rpartition("=")[2]
        assert accept_invitation(self.parts, token, name, PASSWORD) is not None

    def signed_in(self, context: BrowserContext, name: str) -> Page:
        """A page of the dashboard, as this member."""
        page = context.new_page()
        page.goto(self.address("/sign-in"))
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.click("button.primary")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    def relay_site(self, port: int, policy: Path, key: str) -> None:
        """Serve a site as the lines to copy say."""
        collector = HttpCollector(self.origin, key, cookie_keys=self.folder / f"{port}-cookie.keys")
        app = ConsentMiddleware(_pages(), policy=policy, collector=collector, undeclared="strict")
        self._stack.enter_context(served(app, port=port, lifespan="auto"))

    def embedded_site(self, port: int, policy: Path) -> None:
        """Serve a site in whose process this collector runs."""
        app = ConsentMiddleware(
            _pages(), policy=policy, collector=self.collector, undeclared="strict"
        )
        self._stack.enter_context(served(app, port=port, lifespan="auto"))


def _pages() -> Starlette:
    async def page(request: Request) -> Response:
        head = (
            '<!doctype html><html lang="en"><title>Tides</title>'
            '<script src="/askfirst/static/askfirst.js" defer></script>'
        )
        return HTMLResponse(f"{head}<p>Tides are read here.</p>{askfirst_notice(request)}")

    return Starlette(routes=[Route("/{path:path}", page)])


def profile(chromium: Browser, width: int = 1280, **options: Any) -> BrowserContext:
    """A fresh profile that says Chrome and not HeadlessChrome: bots are told apart, and dropped."""
    version = chromium.version.partition(".")[0]
    agent = (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{version}.0.0.0 Safari/537.36"
    )
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, user_agent=agent, **options
    )
    context.set_default_timeout(10_000)
    return context


def violations(page: Page, axe: str) -> list[str]:
    """What axe-core finds."""
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    page.evaluate(axe)
    found: list[str] = page.evaluate(
        f"async () => (await axe.run({{runOnly: {TAGS}}})).violations"
        ".map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' | '))"
    )
    return found
