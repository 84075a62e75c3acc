"""The checks that look from within: sites the doctor starts itself, in a process of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.doctor.sites import ids, policy, start

GATED = """
import json
from askfirst import ConsentMiddleware
from askfirst_collector.embedded import EmbeddedCollector
from tests.unit.doctor.sites import policy, site

def gate(app, **options):
    collector = EmbeddedCollector("data", jobs=False, **options)
    return ConsentMiddleware(app, policy=policy(), collector=collector, patience=20.0)
"""
FLASK = """
import flask
from askfirst.flask import AskFirst
from askfirst_collector.embedded import EmbeddedCollector
from tests.unit.doctor.sites import PAGE, policy

app = flask.Flask(__name__)
app.secret_key = "x" * 32

@app.get("/")
def home():
    flask.session["visits"] = 1
    response = flask.make_response(PAGE.format("Tide"))
    {more}
    return response

AskFirst(app, policy=policy(), collector=EmbeddedCollector("data", jobs=False), patience=20.0)
"""
DJANGO = """
import sys
from django.conf import settings
from askfirst_collector.embedded import EmbeddedCollector
from tests.unit.doctor.sites import PAGE, policy

GATE = "askfirst.django.ConsentMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
settings.configure(
    SECRET_KEY="x" * 50,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["askfirst.django", "django.contrib.sessions"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    SESSION_COOKIE_NAME="session",
    MIDDLEWARE={middleware},
    ASKFIRST={{
        "POLICY": policy(),
        "COLLECTOR": EmbeddedCollector("data", jobs=False),
        "PATIENCE": 20.0,
    }},
)
import django
django.setup()
from django.http import HttpResponse
from django.urls import path
from django.core.wsgi import get_wsgi_application

def home(request):
    request.session["visits"] = 1
    response = HttpResponse(PAGE.format("Tide"))
    response.set_cookie("leftover", "1")
    return response

urlpatterns = [path("", home)]
app = get_wsgi_application()
"""


def test_a_good_site_passes_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started, looked at from within, its log read, stopped: nothing."""
    report = start(tmp_path, GATED + "app = gate(site())", monkeypatch)
    assert report.findings == ()


def test_the_doctors_own_server_is_not_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps no access log; that the owner's may is said as a note, unless one was read."""
    report = start(tmp_path, GATED + "app = gate(site())", monkeypatch)
    assert report.findings == ()
    assert any("What your own server keeps" in note for note in report.notes)
    log = tmp_path / "access.log"
    log.write_text("", "utf-8")
    read = start(tmp_path, GATED + "app = gate(site())", monkeypatch, logs=(log,))
    assert not any("What your own server keeps" in note for note in read.notes)


@pytest.mark.parametrize(
    "target", ["site_under_test:create_app", "site_under_test:create_app(None)", "site_under_test"]
)
@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_a_factory_is_called(
    target: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As uvicorn --factory, gunicorn and flask do: the gate within it is the one that is seen."""
    if kind == "asgi":
        code = GATED + "\ndef create_app(settings=None):\n    return gate(site())\n"
    else:
        body = FLASK.format(more="").replace("\n", "\n    ").replace("app = flask", "app = flask")
        code = f"def create_app(settings=None):{body}\n    return app\n"
    assert start(tmp_path, code, monkeypatch, target=target).findings == ()


def test_d009_what_the_application_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D009: an address in a log of the application's own, whatever the server keeps."""
    code = FLASK.format(more='print("visit of", flask.request.remote_addr)')
    (found,) = start(tmp_path, code, monkeypatch).findings
    assert (found.id, "it keeps the address of" in found.found) == ("askfirst.D009", True)


def test_d003_sessions_outside_of_the_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D003: named as it is imported; what neither keeps nor sets cookies may stand there."""
    code = """
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
app = GZipMiddleware(SessionMiddleware(gate(site()), secret_key="x"))
"""
    (found,) = start(tmp_path, GATED + code, monkeypatch).findings
    assert found.id == "askfirst.D003"
    assert "starlette.middleware.sessions.SessionMiddleware" in found.found


def test_d003_middleware_of_an_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D003: Starlette's list is outermost first; `init_app` stands outside of them all."""
    code = """
from starlette.applications import Starlette
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import Mount
from askfirst.starlette import init_app
app = Starlette(routes=[Mount("/", site())])
{gate}
app.add_middleware(SessionMiddleware, secret_key="x")
"""
    told = 'policy=policy(), collector=EmbeddedCollector("data", jobs=False), patience=20.0'
    added = code.format(gate=f"app.add_middleware(ConsentMiddleware, {told})")
    assert ids(start(tmp_path, GATED + added, monkeypatch)) == {"D003"}
    around = code.format(gate=f"init_app(app, {told})")
    assert ids(start(tmp_path, GATED + around, monkeypatch)) == set()


def test_d005_an_undeclared_cookie_is_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D005: by the name and route the gate itself met, also where the server is WSGI."""
    code = FLASK.format(more='response.set_cookie("leftover", "secret")')
    (found,) = start(tmp_path, code, monkeypatch).findings
    assert (found.id, found.where, found.found) == ("askfirst.D005", "/", "the cookie leftover")
    assert ids(start(tmp_path, FLASK.format(more=""), monkeypatch)) == set()


@pytest.mark.parametrize(
    "front",
    [
        "from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware\n"
        'app = ProxyHeadersMiddleware(gate(site()), trusted_hosts="*")',
        "from askfirst.observe.proxies import Proxies\n"
        'app = gate(site(), proxies=Proxies.of(["0.0.0.0/0"]))',
    ],
    ids=["middleware", "collector"],
)
def test_d010_anybody_is_believed(
    front: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D010: a stranger says it is somebody else, and the gate or its collector believes it."""
    assert ids(start(tmp_path, GATED + front, monkeypatch)) == {"D010"}
    named = front.replace('"*"', '"10.0.0.7"').replace("0.0.0.0/0", "10.0.0.7")
    assert ids(start(tmp_path, GATED + named, monkeypatch)) == set()


def test_d010_in_wsgi_and_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D010: ProxyFix, where no proxy is, and what uvicorn and gunicorn read."""
    fixed = "from werkzeug.middleware.proxy_fix import ProxyFix\napp = ProxyFix(app)\n"
    code = FLASK.format(more="") + fixed
    assert ids(start(tmp_path, code, monkeypatch)) == {"D010"}
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    assert ids(start(tmp_path, FLASK.format(more=""), monkeypatch)) == {"D010"}


def test_django_by_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D003, D005: MIDDLEWARE is the order, and the app knows what was taken out."""
    above = DJANGO.format(middleware="[SESSIONS, GATE]")
    report = start(tmp_path, above, monkeypatch)
    assert ids(report) == {"D003", "D005"}
    below = start(tmp_path, DJANGO.format(middleware="[GATE, SESSIONS]"), monkeypatch)
    assert ids(below) == {"D005"}


def test_d013_a_policy_that_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D013: seen from within, since it is never published; against the host the site names."""
    host = tmp_path / "host.json"
    terms = {"data_use": "analytics", "retention_days": 30, "levels": {"page": 2, "visitor": 1}}
    table = {**policy(), "purposes": {"analytics": {**terms, "cookies": "*"}}}
    host.write_text(json.dumps({**table, "site": "host"}), "utf-8")
    code = "from pathlib import Path\napp = gate(site(), host_policy=Path('host.json'))"
    report = start(tmp_path, GATED + code, monkeypatch)
    assert ids(report) == {"D013"}
    assert {each.where for each in report.findings} == {"/purposes/statistics/retention_days"}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import nothing_of_this_name", "nothing_of_this_name"),
        ("other = 1", "app"),
        ("app = 1", "is of type int"),
        ("raise SystemExit('not today')", "not today"),
        (
            "import os, time; os.closerange(3, 256); time.sleep(0.5); raise SystemExit('later')",
            "later",
        ),
    ],
)
def test_d001_what_does_not_start(
    code: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D001: with the last words of the site, which say why."""
    (found,) = start(tmp_path, code, monkeypatch).findings
    assert found.id == "askfirst.D001"
    assert said in found.found
