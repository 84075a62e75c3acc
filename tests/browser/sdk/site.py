"""A small real site on a real port: ConsentMiddleware, an embedded collector, uvicorn."""

from __future__ import annotations

import copy
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.pages.notice import askfirst_notice
from askfirst.terms.policy import read_policy
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.embedded import EmbeddedCollector
from tests.support.placing import place, tides
from tests.support.policies import every_purpose

SCRIPT = '<script src="/askfirst/static/askfirst.js" defer></script>'
# M38: the strictest policy a page can have and still show us.
STRICT = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; require-trusted-types-for 'script'"
)
PATIENCE = 30  # seconds; the machine may be busy
NOTICE = "<!-- the notice -->"  # where a page has the server's notice


@dataclass
class Page:
    """One page of the site; NOTICE in it is replaced by the template helper's notice."""

    html: str
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-security-policy": STRICT})
    kind: str = "text/html"
    status: int = 200


def page(body: str = "", *, head: str = "", script: str = SCRIPT) -> Page:
    """A whole page with our one line, under the strict policy."""
    return Page(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>'
        f'<link rel="icon" href="/icon.svg">{head}{script}</head>'
        f"<body><main><h1>Shop</h1>{body}</main></body></html>"
    )


def script(source: str) -> Page:
    """A script of the site's own."""
    return Page(source, {}, "text/javascript")


def policy(**purposes: Mapping[str, Any]) -> dict[str, Any]:
    """The standard policy without what pages tell of by themselves; these keys replaced."""
    document: dict[str, Any] = copy.deepcopy(every_purpose("standard").document)
    document["purposes"]["statistics"]["actions"] = {}
    for name, keys in purposes.items():
        document["purposes"][name].update(keys)
    return document


@dataclass
class Received:
    """A POST as it came in: before anything of ours has seen it."""

    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Site:
    """A running site: what it serves may be changed at any time by path."""

    origin: str
    folder: Path
    pages: dict[str, Page]
    asked: list[str] = field(default_factory=list)  # paths that the application was asked for
    received: list[Received] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)  # of placed collectors, by name

    def url(self, path: str = "/") -> str:
        return self.origin + path

    def asked_for(self, path: str) -> int:
        """How often the application itself was asked for a path."""
        return self.asked.count(path)


class Running:
    """A site and its server; `close` ends both and frees the port.

    `placed` are changes of the collector "tides", one for each collector that stands there; `tls`
    is a certificate for localhost and its key.
    """

    def __init__(
        self,
        folder: Path,
        document: Mapping[str, Any],
        placed: Sequence[Mapping[str, Any]] = (),
        tls: tuple[Path, Path] | None = None,
        **options: Any,
    ) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        origin = f"http{'s' if tls else ''}://localhost:{self._socket.getsockname()[1]}"
        icon = Page("<svg xmlns='http://www.w3.org/2000/svg'/>", {}, "image/svg+xml")
        pages = {"/": page(), "/two": page(), "/icon.svg": icon}
        self.site = Site(origin, folder, pages)
        collector = EmbeddedCollector(folder, jobs=False)
        own = {**document, "origins": [origin]}
        for each in placed:
            read = read_policy(own)
            collector.parts().registry.publish(read)
            stands = place(collector.parts(), tides(read, **each))
            self.site.keys[stands.name] = stands.write_key
        # As visitors get it: the development bar is where `learn` is.
        options = {"undeclared": "strict", "policy": own, **options}
        if isinstance(options["policy"], Path):
            options["policy"].write_text(as_toml(own), "utf-8")
        application = ConsentMiddleware(self._pages(), collector=collector, **options)
        config = uvicorn.Config(
            self._listen(application),
            log_level="warning",
            timeout_graceful_shutdown=2,
            ssl_certfile=str(tls[0]) if tls else None,
            ssl_keyfile=str(tls[1]) if tls else None,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def _listen(self, application: ASGIApp) -> ASGIApp:
        async def listen(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] != "POST":
                await application(scope, receive, send)
                return
            told = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            found = Received(scope["path"], told)
            self.site.received.append(found)

            async def hear() -> Message:
                message = await receive()
                found.body += message.get("body", b"")
                return message

            await application(scope, hear, send)

        return listen

    def start(self) -> Site:
        self._thread.start()
        until = time.monotonic() + PATIENCE
        while not self._server.started:
            assert self._thread.is_alive(), "the site did not start"
            assert time.monotonic() < until, "the site did not start in time"
            self._thread.join(0.01)
        return self.site

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()

    def _pages(self) -> Starlette:
        async def serve(request: Request) -> Response:
            path = request.url.path
            self.site.asked.append(path)
            found = self.site.pages.get(path)
            if found is None:
                return Response(status_code=404)
            html = found.html
            if NOTICE in html:
                html = html.replace(NOTICE, askfirst_notice(request))
            if found.kind == "text/html":
                return HTMLResponse(html, found.status, headers=dict(found.headers))
            return Response(html, headers=dict(found.headers), media_type=found.kind)

        return Starlette(routes=[Route("/{path:path}", serve, methods=["GET", "POST"])])
