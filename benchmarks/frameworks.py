"""CPU a request that the gate adds to WSGI, Flask and Django; beside django-cookie-consent's check.

    scripts/benchmark frameworks [--rounds 30] [--requests 500]

In-process calls, paired in turn: the bare application, then the same with the gate, so that a busy
machine slows both; process CPU time, the median of the rounds. `cold` pays for reading an answer
that no visitor had before; `warm` is every other request. django-cookie-consent runs with its
middleware, and asks for one group in the view; its groups are in Django's local-memory cache.
"""

from __future__ import annotations

import argparse
import io
import logging
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

import django
import flask
from benchmarks.gate import BASE
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from askfirst.adapters.wsgi import ConsentMiddleware, consent_from
from askfirst.flask import AskFirst
from askfirst.flask import consent_from as flask_consent
from tests.unit.gate.memory import MemoryCollector, make_policy, state_token

COMPARED = "2024-01-01T00:00:00"
CHOICES = {"statistics": 2, "marketing": 0, "preferences": 2}
SITE = "session=Vk3mQ9xZ; csrftoken=hT7; theme=dark"
Application = Callable[..., Iterable[bytes]]


def gate() -> dict[str, Any]:
    return {"policy": make_policy(), "collector": MemoryCollector(now=time.time)}


# ---------------------------------------------------------------- the sites


def wsgi_site(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if "askfirst.visit" in environ:
        consent_from(environ).allows("statistics")
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", "5")])
    return [b"hello"]


def flask_site(*, gated: bool) -> flask.Flask:
    app = flask.Flask(__name__)
    if gated:
        AskFirst(app, **gate())

    @app.get("/harbour")
    def harbour() -> str:
        if gated:
            flask_consent().allows("statistics")
        return "hello"

    return app


def harbour(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


def harbour_asks(request: HttpRequest) -> HttpResponse:
    from askfirst.django import consent_from as django_consent

    django_consent(request).allows("statistics")
    return HttpResponse("hello")


def harbour_compared(request: HttpRequest) -> HttpResponse:
    from cookie_consent.util import get_cookie_value_from_request

    get_cookie_value_from_request(request, "statistics")
    return HttpResponse("hello")


urlpatterns = [
    path("harbour", harbour),
    path("asks", harbour_asks),
    path("compared", harbour_compared),
]


def set_up_django() -> None:
    settings.configure(
        ALLOWED_HOSTS=["shop.example"],
        ASKFIRST={"POLICY": make_policy(), "COLLECTOR": MemoryCollector(now=time.time)},
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["askfirst.django", "cookie_consent"],
        MIDDLEWARE=[],
        ROOT_URLCONF=__name__,
        SECRET_KEY="for measuring",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from cookie_consent.models import Cookie, CookieGroup

    for name, cookies in (("statistics", ("_pk_id", "_ga")), ("marketing", ("_fbp",))):
        group = CookieGroup.objects.create(varname=name, name=name, is_deletable=True)
        for cookie in cookies:
            Cookie.objects.create(cookiegroup=group, name=cookie)


def django_site(*middleware: str) -> Application:
    with override_settings(MIDDLEWARE=[*middleware]):
        return WSGIHandler()


# ---------------------------------------------------------------- measuring


def environ_of(target: str, cookie: str) -> dict[str, Any]:
    named = {
        "HTTP_" + name.decode().upper().replace("-", "_"): value.decode() for name, value in BASE
    }
    return {
        **named,
        "HTTP_COOKIE": cookie,
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": target,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "203.0.113.9",
        "SERVER_NAME": "shop.example",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "https",
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def start(status: str, headers: Any, exc_info: Any = None) -> Any:
    if not status.startswith("200"):
        raise RuntimeError(status)


def spend(app: Application, target: str, cookies: list[str]) -> float:
    """CPU microseconds a request."""
    environs = [environ_of(target, cookie) for cookie in cookies]
    began = time.process_time()
    for environ in environs:
        body = app(environ, start)
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()
    return (time.process_time() - began) / len(environs) * 1e6


def measure(
    name: str,
    bare: tuple[Application, str],
    other: tuple[Application, str],
    cookies: Callable[[int], list[str]],
    rounds: int,
) -> None:
    spend(*bare, cookies(0)), spend(*other, cookies(0))
    added = [
        spend(*other, drawn) - spend(*bare, drawn) for drawn in map(cookies, range(1, rounds + 1))
    ]
    low, middle, high = statistics.quantiles(added, n=4)
    print(f"{name:52} +{middle:6.2f} µs  (quartiles {low:.2f} to {high:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--requests", type=int, default=500)
    wanted = parser.parse_args()
    logging.disable(logging.CRITICAL)
    set_up_django()
    soon = time.time() + 86_400

    def answered(expires: float) -> str:
        return f"{SITE}; __Host-askfirst={state_token(CHOICES, expires=expires).decode()}"

    def warm(_: int) -> list[str]:
        return [known] * wanted.requests

    def cold(number: int) -> list[str]:
        first = soon + number * wanted.requests
        return [answered(first + n) for n in range(wanted.requests)]

    def compared(_: int) -> list[str]:
        told = f"cookie_consent=statistics={COMPARED}|marketing=-1"
        return [f"{SITE}; {told}"] * wanted.requests

    known = answered(soon)
    own = "askfirst.django.ConsentMiddleware"
    theirs = "cookie_consent.middleware.CleanCookiesMiddleware"
    wsgi: tuple[Application, Application] = (wsgi_site, ConsentMiddleware(wsgi_site, **gate()))
    flasks = flask_site(gated=False), flask_site(gated=True)
    plain, gated, other = django_site(), django_site(own), django_site(theirs)
    for kind, cookies in (("warm", warm), ("cold", cold)):
        for name, bare, with_gate in (
            ("WSGI", (wsgi[0], "/harbour"), (wsgi[1], "/harbour")),
            ("Flask", (flasks[0], "/harbour"), (flasks[1], "/harbour")),
            ("Django", (plain, "/harbour"), (gated, "/asks")),
        ):
            measure(f"{name}, page asks, {kind}", bare, with_gate, cookies, wanted.rounds)
    measure(
        "Django, page does not ask", (plain, "/harbour"), (gated, "/harbour"), warm, wanted.rounds
    )
    measure(
        "django-cookie-consent, its check and its middleware",
        (plain, "/harbour"),
        (other, "/compared"),
        compared,
        wanted.rounds,
    )
    measure(
        "django-cookie-consent, its check alone",
        (plain, "/harbour"),
        (plain, "/compared"),
        compared,
        wanted.rounds,
    )


if __name__ == "__main__":
    main()
