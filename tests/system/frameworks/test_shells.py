"""What the shells of asynchronous frameworks do beyond the shared suite: their own habits."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import fastapi
import litestar
import pytest
import quart
import starlette.applications
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

import askfirst.fastapi
import askfirst.litestar
import askfirst.quart
import askfirst.starlette
from askfirst import Consent, PolicyError
from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.adapters.asgi_scope import as_origin_form
from tests.unit.gate.browser import Browser
from tests.unit.gate.memory import NOW, MemoryCollector, make_policy, state_token

pytestmark = pytest.mark.anyio
GRANTED = {
    b"__Host-askfirst": state_token({"statistics": 2}),
    b"__Host-askfirst-receipt": b"x",
}


def options(collector: MemoryCollector | None = None) -> dict[str, Any]:
    return {
        "policy": make_policy(),
        "collector": collector or MemoryCollector(),
        "now": lambda: NOW,
    }


class Late:
    """A middleware that was added after the gate, and sets a cookie of its own."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.seen: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def late(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"set-cookie", b"late=1")]
            await send(message)

        assert not any(b"receipt" in value for _, value in scope.get("headers", ()))
        await self.app(scope, receive, late)


def starlette_app() -> tuple[Any, ConsentMiddleware]:
    async def order(request: Request) -> PlainTextResponse:
        allowed = askfirst.starlette.consent_from(request).allows("statistics")
        return PlainTextResponse(str(allowed), headers={"set-cookie": "tracker=1"})

    app = starlette.applications.Starlette(routes=[Route("/orders/{id}", order)])
    gate = askfirst.starlette.init_app(app, **options())
    app.add_middleware(Late)
    return app, gate


def fastapi_app() -> tuple[Any, ConsentMiddleware]:
    app = fastapi.FastAPI()
    gate = askfirst.fastapi.init_app(app, **options())

    @app.get("/orders/{id}")
    async def order(
        id: str,
        response: fastapi.Response,
        consent: Annotated[Consent, fastapi.Depends(askfirst.fastapi.consent_from)],
    ) -> PlainTextResponse:
        allowed = str(consent.allows("statistics"))
        return PlainTextResponse(allowed, headers={"set-cookie": "tracker=1"})

    app.add_middleware(Late)
    return app, gate


def quart_app() -> tuple[Any, ConsentMiddleware]:
    app = quart.Quart(__name__)

    @app.get("/orders/<id>")
    async def order(id: str) -> quart.Response:
        assert askfirst.quart.consent_from() == askfirst.quart.consent_from(quart.request)
        allowed = askfirst.quart.consent_from().allows("statistics")
        response = quart.Response(str(allowed))
        response.set_cookie("tracker", "1")
        quart.session["late"] = 1  # saved behind every after_request
        return response

    app.secret_key = "x"
    return app, askfirst.quart.init_app(app, **options())


def litestar_app() -> tuple[Any, ConsentMiddleware]:
    @litestar.get("/orders/{id:str}", media_type="text/plain")
    async def order(request: litestar.Request[Any, Any, Any]) -> litestar.Response[str]:
        allowed = askfirst.litestar.consent_from(request).allows("statistics")
        response = litestar.Response(str(allowed))
        response.set_cookie("tracker", "1")
        return response

    async def hook(message: Any, scope: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"set-cookie", b"late=1")]

    app = litestar.Litestar([order], before_send=[hook], openapi_config=None)
    return app, askfirst.litestar.init_app(app, **options())


APPS = {
    "starlette": (starlette_app, "/orders/{id}"),
    "fastapi": (fastapi_app, "/orders/{id}"),
    "quart": (quart_app, "/orders/<id>"),
    "litestar": (litestar_app, "/orders/{id}"),
}


@pytest.mark.parametrize(("build", "route"), APPS.values(), ids=APPS)
async def test_nothing_stands_further_out(build: Any, route: str) -> None:
    """M01, M40: what is added later neither sees the receipt nor sets a cookie past the gate."""
    app, gate = build()
    browser = Browser(app, jar=dict(GRANTED))
    got = await browser.get("/orders/8812")
    assert (got.status, got.body) == (200, b"True")
    kept = [line for line in got.all(b"set-cookie") if not line.startswith(b"session=")]
    assert kept == []
    assert b"Cookie" in b", ".join(got.all(b"vary"))
    sightings = gate.undeclared_cookies()
    assert {each.cookie for each in sightings} >= {"tracker"}
    assert {each.route for each in sightings} == {route}
    assert (await browser.get("/.well-known/gpc.json")).json["gpc"] is True


@pytest.mark.parametrize(("build", "route"), APPS.values(), ids=APPS)
async def test_the_answer_arrives(build: Any, route: str) -> None:
    """The same verbs: asked, answered, known, on a real application of the framework."""
    app, _ = build()
    browser = Browser(app)
    assert (await browser.get("/orders/1")).body == b"False"
    assert (await browser.consent("accept_all", make_policy().hash)).status == 200
    assert (await browser.get("/orders/1")).body == b"True"


async def test_wrong_settings_are_found_at_start() -> None:
    """A wrong setting is found at start, not at the first request."""
    app = starlette.applications.Starlette()
    with pytest.raises(PolicyError):
        askfirst.starlette.init_app(app, **{**options(), "policy": {"version": 1}})
    await Browser(app).get("/")
    with pytest.raises(RuntimeError, match="before the first request"):
        askfirst.starlette.init_app(app, **options())


async def test_litestar_closes_the_collector_with_itself() -> None:
    """Its lifespan goes past its ASGI handler; the collector is closed all the same."""
    collector = MemoryCollector()
    app = litestar.Litestar([], openapi_config=None)
    askfirst.litestar.init_app(app, **options(collector))
    async with app.lifespan():
        assert not collector.closed
    assert collector.closed


@pytest.mark.parametrize(
    ("path", "raw", "expected"),
    [
        ("http://h/a/b", b"http://h/a/b?x", ("/a/b", b"/a/b?x")),
        ("http://h", b"", ("/", b"")),
        ("*", b"*", ("*", b"*")),
        ("", b"", ("", b"")),
    ],
)
async def test_targets_in_absolute_form(path: str, raw: bytes, expected: tuple[str, bytes]) -> None:
    """What the server did not cut, the gate does."""
    scope: dict[str, Any] = {"path": path, "raw_path": raw}
    as_origin_form(scope)
    assert (scope["path"], scope["raw_path"]) == expected


def sockets() -> dict[str, Any]:
    async def by_starlette(socket: Any) -> None:
        await socket.accept(headers=[(b"set-cookie", b"tracker=1")])
        await socket.send_text(str(askfirst.starlette.consent_from(socket).allows("statistics")))
        await socket.close()

    plain = starlette.applications.Starlette(routes=[WebSocketRoute("/ws", by_starlette)])
    askfirst.starlette.init_app(plain, **options())

    fast = fastapi.FastAPI()
    askfirst.fastapi.init_app(fast, **options())

    @fast.websocket("/ws")
    async def by_fastapi(
        socket: fastapi.WebSocket,
        consent: Annotated[Consent, fastapi.Depends(askfirst.fastapi.consent_from)],
    ) -> None:
        await socket.accept(headers=[(b"set-cookie", b"tracker=1")])
        await socket.send_text(str(consent.allows("statistics")))
        await socket.close()

    quarts = quart.Quart(__name__)
    askfirst.quart.init_app(quarts, **options())

    @quarts.websocket("/ws")
    async def by_quart() -> None:
        await quart.websocket.accept(headers={"set-cookie": "tracker=1"})
        await quart.websocket.send(str(askfirst.quart.consent_from().allows("statistics")))

    @litestar.websocket("/ws")
    async def by_litestar(socket: litestar.WebSocket[Any, Any, Any]) -> None:
        await socket.accept(headers={"set-cookie": "tracker=1"})
        await socket.send_text(str(askfirst.litestar.consent_from(socket).allows("statistics")))
        await socket.close()

    lite = litestar.Litestar([by_litestar], openapi_config=None)
    askfirst.litestar.init_app(lite, **options())
    mounted = starlette.applications.Starlette(routes=[Mount("/", plain)])
    return {"starlette": plain, "fastapi": fast, "quart": quarts, "litestar": lite, "in": mounted}


@pytest.mark.parametrize("name", ["starlette", "fastapi", "quart", "litestar", "in"])
async def test_websockets(name: str) -> None:
    """Consent is read on a socket too; no undeclared cookie leaves with its handshake."""
    app = sockets()[name]
    cookie = b"__Host-askfirst=" + GRANTED[b"__Host-askfirst"]
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/ws",
        "raw_path": b"/ws",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"shop.example"), (b"cookie", cookie)],
        "subprotocols": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "extensions": {},
        "state": {},
    }
    arriving = iter([{"type": "websocket.connect"}])
    sent: list[Any] = []
    said = asyncio.Event()

    async def receive() -> Any:
        for message in arriving:
            return message
        await said.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "websocket.send":
            said.set()

    await app(scope, receive, send)
    assert sent[0]["type"] == "websocket.accept"
    assert all(key.lower() != b"set-cookie" for key, _ in sent[0].get("headers", ()))
    assert any(message.get("text") == "True" for message in sent[1:]), sent
