"""Fulmar Point on Quart. Run it: hypercorn app:app, from this folder's parent on PYTHONPATH."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

from quart import Quart, Response, redirect, render_template, request, session
from station import STATIC, TEMPLATES, Station

from askfirst.quart import init_app
from askfirst_collector.embedded import EmbeddedCollector

station = Station()
app = Quart(__name__, static_folder=STATIC, static_url_path="", template_folder=str(TEMPLATES))
app.secret_key = os.urandom(32)
FOLDER = Path(__file__).resolve().parent
init_app(
    app,
    policy=FOLDER / "policy.toml",
    collector=EmbeddedCollector(FOLDER / "askfirst-data"),
)


@app.get("/")
async def home() -> str:
    session["visits"] = session.get("visits", 0) + 1
    return await render_template("home.html", station=station, visit=session["visits"])


@app.get("/about")
async def about() -> str:
    return await render_template("about.html")


@app.get("/settings")
async def settings() -> Response:
    """Sets whatever it likes; what the visitor did not agree to does not leave."""
    response = Response("Saved.", mimetype="text/plain")
    for name, value in [("theme", "dark"), ("_pulse", "1"), ("_offer", "1"), ("leftover", "1")]:
        response.set_cookie(name, value)
    response.set_cookie("units", "metric")
    response.delete_cookie("old_theme")
    return response


@app.get("/seen")
async def seen() -> Response:
    return Response("\n".join(request.cookies), mimetype="text/plain")


@app.get("/guestbook")
async def guestbook() -> str:
    return await render_template("guestbook.html", station=station)


@app.post("/guestbook")
async def sign() -> object:
    form = await request.form
    station.sign(form["message"])
    return redirect("/guestbook", 303)


@app.get("/live")
async def live() -> Response:
    response = Response(station.listen_async(), mimetype="text/event-stream")
    response.timeout = None
    return response


@app.post("/readings")
async def readings() -> tuple[str, int]:
    form = await request.form
    station.read(form["value"])
    return "", 204


@app.get("/listeners")
async def listeners() -> Response:
    return Response(str(station.listeners), mimetype="text/plain")


@app.get("/readings.csv")
async def table() -> Response:
    async def lines() -> AsyncIterator[str]:
        for line in station.table():
            yield line

    return Response(lines(), mimetype="text/csv")


@app.get("/broken")
async def broken() -> str:
    raise RuntimeError("the mast has fallen")
