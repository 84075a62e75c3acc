"""Sites with one websocket each, in every framework that has them; served by test_sockets.py.

The socket sets `_pulse` (statistics) and `leftover` (declared nowhere) as it is accepted, says
whether statistics are allowed, and which cookies it was sent, and answers what it is told.
"""

from __future__ import annotations

import json
from typing import Any

import fastapi
import litestar
import quart
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from werkzeug.datastructures import Headers

import askfirst.fastapi
import askfirst.litestar
import askfirst.quart
import askfirst.starlette
from askfirst import Consent
from askfirst_collector.embedded import EmbeddedCollector
from tests.conftest import ROOT

SETS = [(b"set-cookie", b"_pulse=1; Path=/"), (b"set-cookie", b"leftover=1; Path=/")]


def options() -> dict[str, Any]:
    policy = ROOT / "examples/asgi/policy.toml"
    return {"policy": policy, "collector": EmbeddedCollector("askfirst-data")}


def about(consent: Consent, cookies: Any) -> str:
    return json.dumps([consent.allows("statistics"), sorted(cookies)])


async def with_starlette(socket: WebSocket) -> None:
    await socket.accept(headers=SETS)
    await socket.send_text(about(askfirst.starlette.consent_from(socket), socket.cookies))
    await socket.send_text(await socket.receive_text())
    await socket.close()


starlette_site = Starlette(routes=[WebSocketRoute("/ws", with_starlette)])
askfirst.starlette.init_app(starlette_site, **options())

fastapi_site = fastapi.FastAPI()
askfirst.fastapi.init_app(fastapi_site, **options())


@fastapi_site.websocket("/ws")
async def with_fastapi(socket: fastapi.WebSocket) -> None:
    await socket.accept(headers=SETS)
    await socket.send_text(about(askfirst.fastapi.consent_from(socket), socket.cookies))
    await socket.send_text(await socket.receive_text())
    await socket.close()


quart_site = quart.Quart(__name__)


@quart_site.websocket("/ws")
async def with_quart() -> None:
    socket = quart.websocket
    headers = [(name.decode(), value.decode()) for name, value in SETS]
    await socket.accept(headers=Headers(headers))
    await socket.send(about(askfirst.quart.consent_from(socket), socket.cookies))
    await socket.send(await socket.receive())


askfirst.quart.init_app(quart_site, **options())


@litestar.websocket("/ws")
async def with_litestar(socket: litestar.WebSocket[Any, Any, Any]) -> None:
    await socket.accept(headers=SETS)
    await socket.send_text(about(askfirst.litestar.consent_from(socket), socket.cookies))
    await socket.send_text(await socket.receive_text())
    await socket.close()


litestar_site = litestar.Litestar([with_litestar], openapi_config=None)
askfirst.litestar.init_app(litestar_site, **options())
