"""Fulmar Point as a Django site: its settings, views and urls in one file.

python app.py check; python app.py runserver
gunicorn -k gthread --threads 8 serve:wsgi, or uvicorn serve:asgi
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from django.core.management import execute_from_command_line
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition
from station import CHART, STATIC, Station

# settings: begins
from askfirst.django import consent_from
from askfirst_collector.embedded import EmbeddedCollector

BASE_DIR = Path(__file__).resolve().parent

ASKFIRST = {
    "POLICY": BASE_DIR / "policy.toml",
    "COLLECTOR": EmbeddedCollector(BASE_DIR / "askfirst-data"),
}
INSTALLED_APPS = ["askfirst.django", "django.contrib.sessions"]
MIDDLEWARE = [
    "askfirst.django.ConsentMiddleware",  # first: what sets cookies stands below it
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
# settings: ends

SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "app"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
USE_TZ = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "askfirst.django.context.consent",
            ]
        },
    }
]

station = Station()


# view: begins
def home(request: HttpRequest) -> HttpResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    counted = consent_from(request).allows("statistics")
    return render(request, "home.html", {"counted": counted, "station": station})


# view: ends


def about(request: HttpRequest) -> HttpResponse:
    return render(request, "about.html")


def settings(request: HttpRequest) -> HttpResponse:
    response = render(request, "about.html")
    response.set_cookie("theme", "dark", max_age=31_536_000, secure=True)
    response.set_cookie("_pulse", "1", expires="Wed, 09 Jun 2055 10:18:14 GMT")
    response.set_cookie("_offer", "1")
    response.set_cookie("leftover", "1")
    response.set_cookie("units", "metric")
    response.delete_cookie("old_theme")
    return response


def seen(request: HttpRequest) -> HttpResponse:
    return HttpResponse("\n".join(request.COOKIES), content_type="text/plain; charset=utf-8")


def guestbook(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        station.sign(request.POST["message"])
        return redirect("/guestbook")
    return render(request, "guestbook.html", {"messages": station.messages})


def live(request: HttpRequest) -> StreamingHttpResponse:
    events = station.listen_async() if hasattr(request, "scope") else station.listen()
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt
def readings(request: HttpRequest) -> HttpResponse:
    station.read(request.POST["value"])
    return HttpResponse(status=204)


def listeners(request: HttpRequest) -> HttpResponse:
    return HttpResponse(station.listeners, content_type="text/plain")


def table(request: HttpRequest) -> StreamingHttpResponse:
    lines: Iterator[str] | AsyncIterator[str] = station.table()
    if hasattr(request, "scope"):
        lines = slowly(station.table())
    return StreamingHttpResponse(lines, content_type="text/csv")


async def slowly(lines: Iterator[str]) -> AsyncIterator[str]:
    for line in lines:
        yield line


@condition(etag_func=lambda request: f'"{int(CHART.stat().st_mtime)}"')
def chart(request: HttpRequest) -> FileResponse:
    response = FileResponse(CHART.open("rb"), content_type="image/svg+xml")
    response["Last-Modified"] = http_date(CHART.stat().st_mtime)
    return response


def style(request: HttpRequest) -> FileResponse:
    return FileResponse((STATIC / "station.css").open("rb"), content_type="text/css")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the anemometer was blown away")


urlpatterns = [
    path("", home),
    path("about", about),
    path("settings", settings),
    path("seen", seen),
    path("guestbook", guestbook),
    path("live", live),
    path("readings", readings),
    path("listeners", listeners),
    path("readings.csv", table),
    path("chart.svg", chart),
    path("station.css", style),
    path("broken", broken),
    path("askfirst/", include("askfirst.django.urls")),
]

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "app"
    execute_from_command_line()
