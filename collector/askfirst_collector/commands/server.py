"""The application that `askfirst serve` serves, in one process or in several."""

from __future__ import annotations

import hmac

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from askfirst.errors import CollectorUnavailable
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.runtime.metrics import TYPE, metrics

HOST = "/askfirst/host"
METRICS = "/metrics"


def server_app(collector: EmbeddedCollector, *, metrics_token: bytes | None = None) -> ASGIApp:
    """The dashboard below its path, the collector's own face everywhere else.

    `/metrics` is there with a token alone: behind a proxy everybody comes from loopback.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http" and scope["path"] == METRICS and metrics_token is not None:
            response = await _metrics(Request(scope), collector, metrics_token)
            await response(scope, receive, send)
        elif scope["type"] == "http" and f"{scope['path']}/".startswith(f"{HOST}/"):
            root = scope.get("root_path", "") + HOST
            await collector.host({**scope, "root_path": root}, receive, send)
        else:
            await collector.app(scope, receive, send)

    return application


async def _metrics(request: Request, collector: EmbeddedCollector, token: bytes) -> Response:
    shown = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(shown, b"Bearer " + token):
        return Response(status_code=401, headers={"www-authenticate": "Bearer"})
    if request.method not in ("GET", "HEAD"):
        return Response(status_code=405, headers={"allow": "GET, HEAD"})
    try:
        text = await run_in_threadpool(lambda: metrics(collector.parts()))
    except CollectorUnavailable:
        # A scrape that fails is what an alert is made of.
        return Response(status_code=503)
    return Response(text, headers={"content-type": TYPE, "cache-control": "no-store"})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
