"""A real shop on a real port, with a strict CSP and rude styles: what the notice is tried on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as Asked
from urllib.request import urlopen

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.pages.html import Html, el
from askfirst.pages.notice import askfirst_notice
from askfirst.terms.policy import read_policy
from askfirst_collector.embedded import EmbeddedCollector
from tests.unit.gate.shown import document

# The policy of M38, word for word.
CSP = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; form-action 'self'; require-trusted-types-for 'script'"
)
SCRIPT = el("script", {"src": "/askfirst/static/askfirst.js", "defer": True})
PARAGRAPH = el("p", None, "Tides are read from the harbour wall. ", el("a", {"href": "#top"}, "Up"))
# Rude towards everything plain, as a page's own styles may be.
STYLES = """
:root { color-scheme: light dark; }
body { margin: 0; font: 18px/1.6 serif; }
main { padding: 1rem; }
button { background: red; border-radius: 0; font: 9px serif; text-transform: uppercase; }
p, ul, li { margin: 2em; letter-spacing: 3px; }
* { box-sizing: content-box; }
"""
# Puts a video of another host into the page, which waits for a purpose.
FRAME = """() => {
    const frame = document.createElement("iframe");
    frame.dataset.purpose = "marketing";
    frame.dataset.src = "https://video.example/";
    document.querySelector("main").append(frame);
}"""


def policy(**options: Any) -> dict[str, Any]:
    """The shop's policy; all of it is asked, as the host's default has consent alone."""
    found = document(**options)
    del found["purposes"]["safety"]
    return found


async def page(request: Request) -> Response:
    """`/?helper=0` leaves the template helper out; `script` is how often; `lines` makes it long."""
    query = request.query_params
    lines = int(query.get("lines", "3"))
    notice = askfirst_notice(request) if query.get("helper") != "0" else Html()
    script = [SCRIPT] * int(query.get("script", "1"))
    head = el(
        "head",
        None,
        el("meta", {"charset": "utf-8"}),
        el("meta", {"name": "viewport", "content": "width=device-width"}),
        el("title", None, "Tide tables"),
        el("link", {"rel": "stylesheet", "href": "/shop.css"}),
        el("script", {"src": "/before.js"}) if "before" in query else None,
        script,
    )
    main = el("main", {"id": "top"}, el("h1", None, "Tide tables"), [PARAGRAPH] * lines)
    made = el("html", {"lang": "en"}, head, el("body", None, main, notice))
    return HTMLResponse(f"<!doctype html>{made}", headers={"Content-Security-Policy": CSP})


class Site:
    """The shop under one policy at a time, over one folder and one port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before = ""  # a script of the page that runs ahead of ours
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://localhost:{self.port}"

    def start(self, policy: Mapping[str, Any]) -> None:
        """Serve this policy; one that is new becomes the next edition."""
        collector = self.collector = EmbeddedCollector(self.folder, secure=False, jobs=False)
        routes = [
            Route("/", page),
            Route("/tides/{name}", page),
            Route("/shop.css", _styles),
            Route("/before.js", self._before),
            Route("/frame", _frame),
        ]
        app = ConsentMiddleware(
            Starlette(routes=routes),
            policy=read_policy(policy),
            collector=collector,
            undeclared="strict",  # as visitors get it
        )
        config = uvicorn.Config(app, port=self.port, log_level="error", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + 20
        while not self._server.started:
            if time.monotonic() > until or not self._thread.is_alive():
                raise RuntimeError("the shop did not start")
            self._thread.join(0.02)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        # Until the collector has told the gate its editions, a page asks nothing.
        self.knows(1)

    def knows(self, edition: int) -> None:
        """Wait until the gate has learned of an edition."""
        until = time.monotonic() + 20
        while self._edition() < edition:
            if time.monotonic() > until:
                raise RuntimeError(f"the shop knows no edition {edition}")
            time.sleep(0.02)

    def _edition(self) -> int:
        asked = Asked(f"{self.address}/askfirst/policy", headers={"Accept": "application/json"})
        try:
            with urlopen(asked) as response:
                return int(json.load(response)["number"])
        except HTTPError as error:
            error.close()
            return 0

    def stop(self) -> None:
        """Stop serving; folder and port stay."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(20)

    async def _before(self, request: Request) -> Response:
        return Response(self.before, media_type="text/javascript")


async def _frame(request: Request) -> Response:
    """A page that frames the address in `?of=`."""
    return HTMLResponse(f"<!doctype html>{el('iframe', {'src': request.query_params['of']})}")


async def _styles(request: Request) -> Response:
    return Response(STYLES, media_type="text/css")
