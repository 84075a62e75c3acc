"""Fulmar Point on Starlette. Run it: uvicorn app:app, from this folder's parent on PYTHONPATH."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from station import STATIC, TEMPLATES, Station

from askfirst.starlette import init_app, init_templates
from askfirst_collector.embedded import EmbeddedCollector

station = Station()
templates = Jinja2Templates(TEMPLATES)
init_templates(templates)


async def home(request: Request) -> Response:
    visit = request.session["visits"] = request.session.get("visits", 0) + 1
    return templates.TemplateResponse(request, "home.html", {"station": station, "visit": visit})


async def about(request: Request) -> Response:
    return templates.TemplateResponse(request, "about.html")


async def settings(request: Request) -> Response:
    """Sets whatever it likes; what the visitor did not agree to does not leave."""
    response = PlainTextResponse("Saved.")
    for name, value in [("theme", "dark"), ("_pulse", "1"), ("_offer", "1"), ("leftover", "1")]:
        response.set_cookie(name, value)
    response.set_cookie("units", "metric")
    response.delete_cookie("old_theme")
    return response


async def seen(request: Request) -> Response:
    return PlainTextResponse("\n".join(request.cookies))


async def guestbook(request: Request) -> Response:
    if request.method == "POST":
        form = await request.form()
        station.sign(str(form["message"]))
        return RedirectResponse("/guestbook", 303)
    return templates.TemplateResponse(request, "guestbook.html", {"station": station})


async def live(request: Request) -> Response:
    return StreamingResponse(station.listen_async(), media_type="text/event-stream")


async def readings(request: Request) -> Response:
    form = await request.form()
    station.read(str(form["value"]))
    return Response(status_code=204)


async def listeners(request: Request) -> Response:
    return PlainTextResponse(str(station.listeners))


async def table(request: Request) -> Response:
    return StreamingResponse(station.table(), media_type="text/csv")


async def broken(request: Request) -> Response:
    raise RuntimeError("the mast has fallen")


app = Starlette(
    routes=[
        Route("/", home),
        Route("/about", about),
        Route("/settings", settings),
        Route("/seen", seen),
        Route("/guestbook", guestbook, methods=["GET", "POST"]),
        Route("/live", live),
        Route("/readings", readings, methods=["POST"]),
        Route("/listeners", listeners),
        Route("/readings.csv", table),
        Route("/broken", broken),
        Mount("/", StaticFiles(directory=STATIC)),
    ],
    middleware=[Middleware(SessionMiddleware, secret_key=os.urandom(32).hex(), max_age=None)],
)
FOLDER = Path(__file__).resolve().parent
init_app(
    app,
    policy=FOLDER / "policy.toml",
    collector=EmbeddedCollector(FOLDER / "askfirst-data"),
)
