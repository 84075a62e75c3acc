"""Fulmar Point on bare ASGI. Run it: uvicorn app:app, from this folder's parent on PYTHONPATH."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader
from station import STATIC, TEMPLATES, Station

from askfirst import ConsentMiddleware
from askfirst.jinja import init_jinja
from askfirst_collector.embedded import EmbeddedCollector

station = Station()
pages = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
init_jinja(pages)
KINDS = {".svg": "image/svg+xml", ".css": "text/css"}


class Exchange:
    """One request, and the ways to answer it."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.receive, self._send = scope, receive, send

    def header(self, name: bytes) -> str:
        return b"; ".join(v for n, v in self.scope["headers"] if n.lower() == name).decode(
            "latin-1"
        )

    async def form(self) -> dict[str, list[str]]:
        body, more = b"", True
        while more:
            message = await self.receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        return parse_qs(body.decode())

    async def start(self, status: int, kind: str, *headers: tuple[str, str]) -> None:
        pairs = [("content-type", kind), *headers]
        raw = [(name.encode(), value.encode("latin-1")) for name, value in pairs]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def body(self, text: str | bytes, *, more: bool = False) -> None:
        data = text.encode() if isinstance(text, str) else text
        data = b"" if self.scope["method"] == "HEAD" else data
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def answer(self, text: str, *headers: tuple[str, str], status: int = 200) -> None:
        await self.start(status, "text/plain; charset=utf-8", *headers)
        await self.body(text)

    async def page(self, template: str) -> None:
        text = pages.get_template(template).render(request=self.scope, station=station)
        await self.start(200, "text/html; charset=utf-8")
        await self.body(text)

    async def stream(self, kind: str, parts: AsyncIterator[str]) -> None:
        await self.start(200, kind)
        async for part in parts:
            await self.body(part, more=True)
        await self.body("")


async def home(to: Exchange) -> None:
    await to.page("home.html")


async def about(to: Exchange) -> None:
    await to.page("about.html")


async def settings(to: Exchange) -> None:
    """Sets whatever it likes; what the visitor did not agree to does not leave."""
    cookies = ["theme=dark", "_pulse=1", "_offer=1", "leftover=1", "units=metric"]
    cookies = [f"{cookie}; Path=/" for cookie in cookies] + ["old_theme=; Max-Age=0; Path=/"]
    await to.answer("Saved.", *[("set-cookie", cookie) for cookie in cookies])


async def seen(to: Exchange) -> None:
    chunks = [chunk.strip() for chunk in to.header(b"cookie").split(";")]
    names = [chunk.partition("=")[0] for chunk in chunks if "=" in chunk]
    await to.answer("\n".join(names))


async def guestbook(to: Exchange) -> None:
    if to.scope["method"] == "POST":
        station.sign((await to.form())["message"][0])
        await to.answer("", ("location", "/guestbook"), status=303)
    else:
        await to.page("guestbook.html")


async def live(to: Exchange) -> None:
    stream = asyncio.ensure_future(to.stream("text/event-stream", station.listen_async()))
    await _hung_up(to)
    stream.cancel()


async def _hung_up(to: Exchange) -> None:
    while (await to.receive())["type"] != "http.disconnect":
        pass


async def readings(to: Exchange) -> None:
    station.read((await to.form())["value"][0])
    await to.answer("", status=204)


async def listeners(to: Exchange) -> None:
    await to.answer(str(station.listeners))


async def table(to: Exchange) -> None:
    async def lines() -> AsyncIterator[str]:
        for line in station.table():
            yield line

    await to.stream("text/csv", lines())


async def broken(to: Exchange) -> None:
    raise RuntimeError("the mast has fallen")


async def file(to: Exchange) -> None:
    data = (STATIC / to.scope["path"].strip("/")).read_bytes()
    tag = f'"{sha256(data).hexdigest()[:32]}"'
    if to.header(b"if-none-match") == tag:
        await to.answer("", ("etag", tag), status=304)
        return
    kind = KINDS[Path(to.scope["path"]).suffix]
    await to.start(200, kind, ("etag", tag), ("content-length", str(len(data))))
    await to.body(data)


ROUTES: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    "/": home,
    "/about": about,
    "/settings": settings,
    "/seen": seen,
    "/guestbook": guestbook,
    "/live": live,
    "/readings": readings,
    "/listeners": listeners,
    "/readings.csv": table,
    "/broken": broken,
    **{f"/{path.name}": file for path in STATIC.iterdir()},
}


async def site(scope: Any, receive: Any, send: Any) -> None:
    """The application itself; it knows nothing of cookies that wait for consent."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    to = Exchange(scope, receive, send)
    handler = ROUTES.get(scope["path"])
    if handler is None:
        await to.answer("There is nothing here.", status=404)
        return
    # Where no framework does, this names the template in reports and access logs.
    scope["askfirst.route"] = scope["path"]
    await handler(to)


async def lifespan(receive: Any, send: Any) -> None:
    for step in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{step}.complete"})


FOLDER = Path(__file__).resolve().parent
app = ConsentMiddleware(
    site,
    policy=FOLDER / "policy.toml",
    collector=EmbeddedCollector(FOLDER / "askfirst-data"),
)
