"""ConsentMiddleware as an ASGI application: what passes through; a real server on a real port."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

import askfirst
from askfirst import ConsentMiddleware, PolicyError, consent_from, read_policy
from askfirst.client import Application
from askfirst.gate.visit import Visit
from tests.unit.gate.browser import Browser, call, until
from tests.unit.gate.memory import AWAY, NOW, MemoryCollector, make_policy, state_token

GRANTED = state_token({"statistics": 2})


def wrap(app: Any, collector: MemoryCollector | None = None, **options: Any) -> ConsentMiddleware:
    return ConsentMiddleware(
        app,
        policy=options.pop("policy", None) or make_policy(),
        collector=collector or MemoryCollector(),
        now=lambda: NOW,
        **options,
    )


def test_public_names() -> None:
    """What a site imports is listed, and is there."""
    assert sorted(askfirst.__all__) == askfirst.__all__ or set(askfirst.__all__) <= set(
        dir(askfirst)
    )
    assert all(hasattr(askfirst, name) for name in askfirst.__all__)


def test_a_wrong_policy_is_found_at_start(tmp_path: Any) -> None:
    """A bad setting is found at start, with what to write instead."""
    with pytest.raises(PolicyError):
        wrap(None, policy={"version": 1})
    with pytest.raises(PolicyError, match="write one with askfirst init"):
        wrap(None, policy=str(tmp_path / "missing.toml"))
    file = tmp_path / "policy.json"
    file.write_bytes(make_policy().canonical())
    assert read_policy(file).hash == make_policy().hash
    wrap(None, policy=str(file))


@pytest.mark.anyio
async def test_consent_from_a_request() -> None:
    """The same verb as in every framework; without the middleware it says what to do."""

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(consent_from(request).allows("statistics")))

    app = Starlette(routes=[Route("/", page)])
    browser = Browser(wrap(app))
    assert (await browser.get("/")).body == b"False"
    browser.jar[b"__Host-askfirst"] = GRANTED
    got = await browser.get("/")
    assert got.body == b"True"
    assert got.one(b"vary") == b"Cookie, Sec-GPC, DNT, ADPC"
    with pytest.raises(LookupError, match="ConsentMiddleware"):
        consent_from({"type": "http"})


@pytest.mark.anyio
async def test_streams_pass_unbuffered_and_untouched() -> None:
    """Bodies are never touched: the very messages pass, one by one, as they come."""
    body = [{"type": "http.response.body", "body": b"%d" % n, "more_body": n < 3} for n in range(4)]
    start = {"type": "http.response.start", "status": 200, "headers": [(b"X-a", b"1")]}
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start)
        for number, message in enumerate(body):
            await send(message)
            assert len(seen) == number + 2

    async def send(message: Any) -> None:
        seen.append(message)

    await wrap(app)({"type": "http", "method": "GET", "path": "/", "headers": []}, None, send)  # type: ignore[arg-type]
    assert all(a is b for a, b in zip(seen, [start, *body], strict=True))


@pytest.mark.anyio
async def test_reading_too_late_reads_nothing() -> None:
    """M39: once an unmarked response is on its way, its rest cannot hang on the answer."""
    answers: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        visit: Visit = scope["askfirst"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        answers.append(visit.allows("statistics"))
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        answers.append(visit.allows("statistics"))

    browser = Browser(wrap(app), jar={b"__Host-askfirst": GRANTED})
    got = await browser.get("/")
    assert not got.all(b"vary")
    assert answers == [False, True]


@pytest.mark.anyio
async def test_faults_of_the_application_are_its_own() -> None:
    """An error of the application passes on as it is."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Browser(wrap(app)).get("/")


@pytest.mark.anyio
async def test_our_own_faults_serve_the_page(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """M43: no consent, no cookie, the page; and a log line without visitor data."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        allowed = scope["askfirst"].allows("statistics")
        headers = [(b"set-cookie", b"session=1"), (b"accept-ch", b"x"), (b"x-a", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": str(allowed).encode()})

    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("SECRET")

    monkeypatch.setattr("askfirst.gate.gate.read_state", broken)
    middleware = wrap(app)
    browser = Browser(middleware, jar={b"__Host-askfirst": GRANTED})
    with caplog.at_level(logging.DEBUG, "askfirst"):
        assert (await browser.get("/")).body == b"False"
        monkeypatch.setattr("askfirst.gate.cookie_filter.name_of", broken)
        got = await browser.get("/")
        monkeypatch.setattr("askfirst.endpoints.routes.choices_page", broken)
        assert (await browser.get("/askfirst/choices")).status == 503
    assert got.headers == [(b"x-a", b"1"), (b"cache-control", b"private")]
    assert "ValueError" in caplog.text
    assert "SECRET" not in caplog.text


@pytest.mark.anyio
async def test_a_collector_that_hangs_does_not_hold_pages() -> None:
    """The first page waits as long as the patience lasts, later ones not at all."""

    class Hanging(MemoryCollector):
        async def editions(self, policy: Any) -> Any:
            self.calls.append("editions")
            await asyncio.Event().wait()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    collector = Hanging()
    browser = Browser(wrap(app, collector, patience=0.01))
    async with asyncio.timeout(1.5):
        for _ in range(5):
            assert (await browser.get("/")).body == b"page"
    assert collector.calls == ["editions"]


@pytest.mark.anyio
async def test_lifespan_passes_and_closes_the_collector() -> None:
    """The application starts and stops as before; what is under way is finished first."""
    order: list[str] = []
    collector = MemoryCollector()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert "askfirst" not in scope
        for step in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{step}"
            await send({"type": f"lifespan.{step}.complete"})

    steps = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> MutableMapping[str, Any]:
        return {"type": next(steps)}

    async def send(message: MutableMapping[str, Any]) -> None:
        order.append(f"{message['type']} {collector.closed}")

    await wrap(app, collector)({"type": "lifespan"}, receive, send)
    assert order == ["lifespan.startup.complete False", "lifespan.shutdown.complete True"]


@pytest.mark.anyio
async def test_what_waits_is_handed_over_at_the_end() -> None:
    """A withdrawal that was not acknowledged is tried once more before the process ends."""
    collector = MemoryCollector()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.shutdown.complete"})

    middleware = wrap(app, collector)
    browser = Browser(middleware)
    await browser.consent("accept_all", make_policy().hash)
    collector.away = AWAY
    await browser.consent("withdraw", "")
    collector.away = None
    await middleware({"type": "lifespan"}, None, _ignore)  # type: ignore[arg-type]
    assert collector.decisions[-1].method == "withdraw"
    assert not collector.consent_status


async def _ignore(message: Any) -> None:
    pass


@pytest.mark.anyio
async def test_below_a_root_path() -> None:
    """Behind a root path our paths are below it, as the application's are."""
    app = Starlette(routes=[Mount("/sub", wrap(_ok))])
    scope = {"type": "http", "method": "GET", "query_string": b"", "headers": [], "root_path": ""}
    own = await call(app, {**scope, "path": "/sub/.well-known/gpc.json"})
    assert own.json["gpc"] is True
    assert (await call(app, {**scope, "path": "/sub/page"})).body == b"ok"


@pytest.mark.anyio
@pytest.mark.parametrize("root", ["/ask", "/ask/", "/"])
async def test_a_root_path_ends_with_a_segment(root: str) -> None:
    """/ask is no prefix of /askfirst: ours are ours, whether the server cut the root or not."""
    scope = {"type": "http", "method": "GET", "query_string": b"", "headers": [], "root_path": root}
    own = await call(wrap(_ok), {**scope, "path": "/askfirst/policy"})
    assert (own.status, own.body == b"ok") == (200, False)
    below = await call(wrap(_ok), {**scope, "path": f"{root.rstrip('/')}/askfirst/policy"})
    assert (below.status, below.body == b"ok") == (200, False)


async def _ok(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


# ---------------------------------------------------------------- a real server


@contextmanager
def served(app: Application) -> Iterator[int]:
    """The application behind uvicorn on a free port of loopback."""
    config = uvicorn.Config(
        app, port=0, log_level="warning", access_log=False, ws="websockets-sansio"
    )  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        for _ in range(2000):
            if server.started or not thread.is_alive():
                break
            thread.join(0.005)
        assert server.started
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.mark.anyio
async def test_a_slow_body_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """S19: over a real socket a body that never ends is answered 408, in time."""
    monkeypatch.setattr(
        "askfirst.contracts.body.read_body.__kwdefaults__",
        {"largest": 65_536, "seconds": 0.2},
    )
    with served(wrap(_ok)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /askfirst/consent HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        async with asyncio.timeout(5):
            answer = await reader.readuntil(b"}")
        assert b" 408 " in answer.splitlines()[0]
        assert b'"reason": "too-slow"' in answer
        writer.close()


@pytest.mark.anyio
async def test_a_whole_visit_over_a_real_socket() -> None:
    """Grant, stream, websocket, withdrawal through uvicorn, cookies in the lines as they are."""
    seen: list[dict[str, Any]] = []

    async def stream(request: Request) -> StreamingResponse:
        async def parts() -> Any:
            for number in range(3):
                yield f"{number}\n"

        return StreamingResponse(parts())

    async def echo(socket: WebSocket) -> None:
        seen.append(
            {"headers": dict(socket.headers), "allows": consent_from(socket).allows("statistics")}
        )
        await socket.accept(headers=[(b"set-cookie", b"tracker=1"), (b"set-cookie", b"session=1")])
        seen.append({"allows": consent_from(socket).allows("statistics")})
        await socket.send_text(await socket.receive_text())
        await socket.close()

    import httpx
    import websockets

    app = Starlette(routes=[Route("/stream", stream), WebSocketRoute("/ws", echo)])
    policy = make_policy()
    middleware = wrap(app, policy=policy)
    with served(middleware) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            same = {"sec-fetch-site": "same-origin"}
            value = {"v": 2, "edition": policy.hash, "lang": "en", "method": "accept_all"}
            got = await client.post("/askfirst/consent", json=value, headers=same)
            assert got.status_code == 200
            lines = got.headers.get_list("set-cookie")
            cookies = "; ".join(line.partition(";")[0] for line in lines)
            page = await client.get("/stream", headers={"cookie": cookies})
            assert page.text == "0\n1\n2\n"
            async with websockets.connect(
                f"ws://127.0.0.1:{port}/ws", additional_headers={"cookie": cookies}
            ) as socket:
                await socket.send("hello")
                assert await socket.recv() == "hello"
                assert socket.response is not None
                assert socket.response.headers.get_all("set-cookie") == ["session=1"]
            gone = await client.post(
                "/askfirst/consent",
                json={**value, "method": "withdraw"},
                headers={**same, "cookie": cookies},
            )
            assert gone.json()["decision"] == "withdrawn"
    assert seen[0]["allows"]
    assert seen[1]["allows"]
    assert "receipt" not in json.dumps(seen[0]["headers"])


@pytest.mark.anyio
async def test_page_views_do_not_hold_the_answer() -> None:
    """A collector that is slow to take a page view is not waited for."""
    release = asyncio.Event()
    done: list[bool] = []

    class Slow(MemoryCollector):
        async def submit(self, *args: Any, **kwargs: Any) -> None:
            await release.wait()
            done.append(True)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"page"})

    policy = make_policy(server_side=True)
    browser = Browser(wrap(app, Slow(), policy=policy))
    await browser.consent("accept_all", policy.hash)
    async with asyncio.timeout(1):
        assert (await browser.get("/")).body == b"page"
    assert not done
    release.set()
    await until(lambda: done == [True])


def test_the_name_of_before_for_an_unavailable_collector_is_the_same_class() -> None:
    """Applications that catch `CollectorAway` go on catching it."""
    from askfirst.errors import CollectorAway

    assert askfirst.CollectorAway is CollectorAway is askfirst.CollectorUnavailable
    assert {"CollectorAway", "CollectorUnavailable"} <= set(askfirst.__all__)
