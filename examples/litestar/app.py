"""Fulmar Point on Litestar. Run it: uvicorn app:app, from this folder's parent on PYTHONPATH."""

from __future__ import annotations

import mimetypes
import os
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from litestar import HttpMethod, Litestar, MediaType, Request, Response, get, post, route
from litestar.config.csrf import CSRFConfig
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.middleware.session.client_side import CookieBackendConfig
from litestar.params import Body
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Stream, Template
from litestar.template import TemplateConfig
from station import STATIC, TEMPLATES, Station

from askfirst.litestar import init_app
from askfirst_collector.embedded import EmbeddedCollector

PAGE = [HttpMethod.GET, HttpMethod.HEAD]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
station = Station()


@route("/", http_method=PAGE)
async def home(request: Request) -> Template:
    visit = request.session.get("visits", 0) + 1
    request.set_session({"visits": visit})
    return Template("home.html", context={"station": station, "visit": visit})


@route("/about", http_method=PAGE)
async def about() -> Template:
    return Template("about.html")


@get("/settings", media_type=MediaType.TEXT)
async def settings() -> Response[str]:
    """Sets whatever it likes; what the visitor did not agree to does not leave."""
    values = {"theme": "dark", "_pulse": "1", "_offer": "1", "leftover": "1", "units": "metric"}
    response = Response("Saved.")
    for name, value in values.items():
        response.set_cookie(name, value)
    response.delete_cookie("old_theme")
    return response


@get("/seen", media_type=MediaType.TEXT)
async def seen(request: Request) -> str:
    return "\n".join(request.cookies)


@get("/guestbook")
async def guestbook() -> Template:
    return Template("guestbook.html", context={"station": station})


@post("/guestbook")
async def sign(data: Form) -> Redirect:
    station.sign(data["message"])
    return Redirect("/guestbook", status_code=303)


@get("/live")
async def live() -> Stream:
    return Stream(station.listen_async(), media_type="text/event-stream")


@post("/readings", status_code=204)
async def readings(data: Form) -> None:
    station.read(data["value"])


@get("/listeners", media_type=MediaType.TEXT)
async def listeners() -> str:
    return str(station.listeners)


@get("/readings.csv")
async def table() -> Stream:
    return Stream(station.table(), media_type="text/csv")


def asset(name: str) -> HTTPRouteHandler:
    @route(f"/{name}", http_method=PAGE, name=name)
    async def asset(request: Request) -> Response[bytes]:
        data = (STATIC / name).read_bytes()
        tag = f'"{sha256(data).hexdigest()[:32]}"'
        known = request.headers.get("if-none-match") == tag
        kind = mimetypes.guess_type(name)[0]
        status = 304 if known else 200
        return Response(
            b"" if known else data, status_code=status, media_type=kind, headers={"etag": tag}
        )

    return asset


@get("/broken")
async def broken() -> None:
    raise RuntimeError("the mast has fallen")


app = Litestar(
    [home, about, settings, seen, guestbook, sign, live, readings, listeners, table, broken]
    + [asset(path.name) for path in STATIC.iterdir()],
    template_config=TemplateConfig(directory=TEMPLATES, engine=JinjaTemplateEngine),
    # Session and CSRF cookies are only set where they are needed: other pages are the same for all.
    middleware=[CookieBackendConfig(secret=os.urandom(32), exclude="^/.+").middleware],
    csrf_config=CSRFConfig(secret=os.urandom(32).hex(), exclude="^/(?!guestbook)"),
)
FOLDER = Path(__file__).resolve().parent
init_app(
    app,
    policy=FOLDER / "policy.toml",
    collector=EmbeddedCollector(FOLDER / "askfirst-data"),
)
