"""Fulmar Point as a Flask application: flask run, or gunicorn -k gthread --threads 8 app:app"""

from __future__ import annotations

# gate: begins
import secrets
from pathlib import Path

from flask import Flask, render_template, session

from askfirst.flask import AskFirst, consent_from
from askfirst_collector.embedded import EmbeddedCollector

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)  # yours comes from a file, so that sessions survive
FOLDER = Path(__file__).resolve().parent
AskFirst(app, policy=FOLDER / "policy.toml", collector=EmbeddedCollector(FOLDER / "askfirst-data"))


@app.get("/")
def home() -> str:
    session["visits"] = session.get("visits", 0) + 1
    counted = consent_from().allows("statistics")
    return render_template("home.html", counted=counted, station=station)


# gate: ends

from flask import Response, redirect, request, send_file, url_for  # noqa: E402
from station import CHART, STATIC, Station  # noqa: E402
from werkzeug.wrappers import Response as Answer  # noqa: E402

station = Station()


@app.get("/about")
def about() -> str:
    return render_template("about.html")


@app.get("/settings")
def settings() -> Response:
    response = Response("Your settings are kept as far as you agreed.", mimetype="text/plain")
    response.set_cookie("theme", "dark", max_age=31_536_000, secure=True, partitioned=True)
    response.set_cookie("_pulse", "1", expires="Wed, 09 Jun 2055 10:18:14 GMT")
    response.headers.add("SET-cookie", "_offer=1; Path=/; Priority=High")
    response.set_cookie("leftover", "1")
    response.set_cookie("units", "metric")
    response.delete_cookie("old_theme")
    return response


@app.get("/seen")
def seen() -> Response:
    return Response("\n".join(request.cookies), mimetype="text/plain")


@app.get("/guestbook")
def guestbook() -> str:
    token = session.setdefault("token", secrets.token_urlsafe())
    return render_template("guestbook.html", messages=station.messages, token=token)


@app.post("/guestbook")
def sign() -> Answer | tuple[str, int]:
    told, known = request.form.get("token", ""), session.get("token", "")
    if not known or not secrets.compare_digest(told.encode(), known.encode()):
        return "This form is not from here.", 403
    station.sign(request.form["message"])
    return redirect(url_for("guestbook"), 303)


@app.get("/live")
def live() -> Response:
    return Response(station.listen(), mimetype="text/event-stream")


@app.post("/readings")
def readings() -> tuple[str, int]:
    station.read(request.form["value"])
    return "", 204


@app.get("/listeners")
def listeners() -> Response:
    return Response(str(station.listeners), mimetype="text/plain")


@app.get("/readings.csv")
def table() -> Response:
    return Response(station.table(), mimetype="text/csv")


@app.get("/chart.svg")
def chart() -> Response:
    return send_file(CHART)


@app.get("/station.css")
def style() -> Response:
    return send_file(STATIC / "station.css")


@app.get("/broken")
def broken() -> str:
    raise RuntimeError("the anemometer was blown away")
