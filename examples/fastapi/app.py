"""Fulmar Point on FastAPI. Run it: uvicorn app:app, from this folder's parent on PYTHONPATH."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Form, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.middleware.sessions import SessionMiddleware
from station import STATIC, TEMPLATES, Station

from askfirst import Consent
from askfirst.fastapi import consent_from, init_app, init_templates
from askfirst_collector.embedded import EmbeddedCollector

PAGE = ["GET", "HEAD"]
station = Station()
templates = Jinja2Templates(TEMPLATES)
init_templates(templates)
app = FastAPI(title="Fulmar Point")
app.add_middleware(SessionMiddleware, secret_key=os.urandom(32).hex(), max_age=None)
FOLDER = Path(__file__).resolve().parent
init_app(
    app,
    policy=FOLDER / "policy.toml",
    collector=EmbeddedCollector(FOLDER / "askfirst-data"),
)


@app.api_route("/", methods=PAGE)
async def home(request: Request) -> Response:
    visit = request.session["visits"] = request.session.get("visits", 0) + 1
    return templates.TemplateResponse(request, "home.html", {"station": station, "visit": visit})


@app.get("/consent")
async def consent(consent: Annotated[Consent, Depends(consent_from)]) -> dict[str, bool]:
    """What this visitor allows, by purpose."""
    return {name: consent.allows(name) for name in ("preferences", "statistics", "marketing")}


@app.api_route("/about", methods=PAGE)
async def about(request: Request) -> Response:
    return templates.TemplateResponse(request, "about.html")


@app.get("/settings")
async def settings() -> Response:
    """Sets whatever it likes; what the visitor did not agree to does not leave."""
    response = PlainTextResponse("Saved.")
    for name, value in [("theme", "dark"), ("_pulse", "1"), ("_offer", "1"), ("leftover", "1")]:
        response.set_cookie(name, value)
    response.set_cookie("units", "metric")
    response.delete_cookie("old_theme")
    return response


@app.get("/seen")
async def seen(request: Request) -> Response:
    return PlainTextResponse("\n".join(request.cookies))


@app.get("/guestbook")
async def guestbook(request: Request) -> Response:
    return templates.TemplateResponse(request, "guestbook.html", {"station": station})


@app.post("/guestbook")
async def sign(message: Annotated[str, Form()]) -> Response:
    station.sign(message)
    return RedirectResponse("/guestbook", 303)


@app.get("/live")
async def live() -> Response:
    return StreamingResponse(station.listen_async(), media_type="text/event-stream")


@app.post("/readings", status_code=204)
async def readings(value: Annotated[float, Form()]) -> None:
    station.read(str(value))


@app.get("/listeners")
async def listeners() -> Response:
    return PlainTextResponse(str(station.listeners))


@app.get("/readings.csv")
async def table() -> Response:
    return StreamingResponse(station.table(), media_type="text/csv")


@app.get("/broken")
async def broken() -> Response:
    raise RuntimeError("the mast has fallen")


app.mount("/", StaticFiles(directory=STATIC))
