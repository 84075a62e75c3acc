"""A site whose every page may be kept by shared caches, as far as it is concerned."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from askfirst.starlette import consent_from, init_app
from askfirst_collector.embedded import EmbeddedCollector
from tests.conftest import ROOT

KEPT = {"cache-control": "public, max-age=600", "cdn-cache-control": "max-age=600"}


async def reads(request: Request) -> Response:
    allowed = consent_from(request).allows("statistics")
    return HTMLResponse(f"<p>{allowed}</p>", headers=KEPT)


async def sets(request: Request) -> Response:
    response = HTMLResponse("<p>settings</p>", headers=KEPT)
    response.set_cookie("_pulse", "1")
    return response


async def plain(request: Request) -> Response:
    return HTMLResponse("<p>plain</p>", headers=KEPT)


app = Starlette(
    routes=[Route("/reads", reads), Route("/sets", sets), Route("/about", plain)],
)
init_app(
    app,
    policy=Path(ROOT / "examples/starlette/policy.toml"),
    collector=EmbeddedCollector("askfirst-data"),
)
