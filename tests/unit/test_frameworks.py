"""What we say of frameworks is what the installed ones do, and the lines we print work."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from askfirst_collector.frameworks import (
    DJANGO,
    FASTAPI,
    FLASK,
    FRAMEWORKS,
    LITESTAR,
    QUART,
    STARLETTE,
    Framework,
    relay,
)
from askfirst_collector.init.write_policy import Answers, write
from tests.unit.doctor.sites import start

DAY = 86_400
# A new application of each framework, as its first page of documentation has it.
MADE = {
    "django": """
        from django.conf import settings
        INSTALLED_APPS = []
        MIDDLEWARE = []
    """,
    "flask": "import flask\napp = flask.Flask(__name__)",
    "quart": "import quart\napp = quart.Quart(__name__)",
    "starlette": "from starlette.applications import Starlette\napp = Starlette()",
    "fastapi": "from fastapi import FastAPI\napp = FastAPI()",
    "litestar": "from litestar import Litestar\napp = Litestar([])",
    "asgi": """
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
    """,
    "wsgi": """
        def app(environ, start_response):
            start_response("404 Not Found", [])
            return []
    """,
}
DJANGO_SERVED = """
settings.configure(
    ASKFIRST=ASKFIRST, INSTALLED_APPS=INSTALLED_APPS, MIDDLEWARE=MIDDLEWARE,
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
)
urlpatterns = []
from django.core.wsgi import get_wsgi_application
app = get_wsgi_application()
from django.core.checks import run_checks
found = [each for each in run_checks() if each.id.startswith("askfirst")]
assert found == [], found
"""


def names(framework: Framework) -> dict[str, int]:
    return {cookie.name: cookie.days for cookie in framework.cookies}


def test_django_calls_its_cookies_so() -> None:
    """Names and ages of the installed Django."""
    from django.conf import global_settings
    from django.contrib.messages.storage.cookie import CookieStorage

    assert names(DJANGO) == {
        global_settings.SESSION_COOKIE_NAME: global_settings.SESSION_COOKIE_AGE // DAY,
        global_settings.CSRF_COOKIE_NAME: global_settings.CSRF_COOKIE_AGE // DAY,
        CookieStorage.cookie_name: 0,
        global_settings.LANGUAGE_COOKIE_NAME: global_settings.LANGUAGE_COOKIE_AGE or 0,
    }


def test_flask_and_quart_call_their_cookie_so() -> None:
    """Names of the installed Flask and Quart; a permanent session lasts a month."""
    import flask
    import quart

    for app, framework in ((flask.Flask("x"), FLASK), (quart.Quart("x"), QUART)):
        name = app.config["SESSION_COOKIE_NAME"]
        assert names(framework) == {name: app.config["PERMANENT_SESSION_LIFETIME"].days}


def test_starlette_calls_its_cookie_so() -> None:
    """Name and age of the installed SessionMiddleware, which FastAPI uses too."""
    from starlette.middleware.sessions import SessionMiddleware

    told = inspect.signature(SessionMiddleware).parameters
    wanted = {told["session_cookie"].default: told["max_age"].default // DAY}
    assert names(STARLETTE) == names(FASTAPI) == wanted


def test_litestar_calls_its_cookies_so() -> None:
    """Names and ages of the installed Litestar; a long session is several cookies."""
    from litestar.config.csrf import CSRFConfig
    from litestar.middleware.session.client_side import CookieBackendConfig

    session = CookieBackendConfig(secret=bytes(16))
    days = session.max_age // DAY
    csrf = CSRFConfig(secret="x").cookie_name
    assert names(LITESTAR) == {session.key: days, f"{session.key}-*": days, csrf: 0}


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_the_lines_put_the_gate_in_front(
    framework: Framework, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `init` writes and prints, below a new application: the doctor finds nothing."""
    told = ("tide", "https://tide.example", "Ada", "a@tide.example", "DE", "minimal", "day")
    text = write(Answers(*told, framework.cookies))
    (tmp_path / "policy.toml").write_text(text, "utf-8")
    lines = framework.lines(app="app", policy="policy.toml", up=0)
    code = f"{dedent(MADE[framework.name])}\n{lines}\n"
    code += DJANGO_SERVED if framework is DJANGO else ""
    report = start(tmp_path, code, monkeypatch)
    assert report.findings == ()


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_the_lines_of_a_relay_start(framework: Framework, tmp_path: Path) -> None:
    """Those that the dashboard shows: as a program, with the key in its environment."""
    text = write(
        Answers("tide", "https://tide.example", "Ada", "a@b.example", "DE", "minimal", "day", ())
    )
    (tmp_path / "policy.toml").write_text(text, "utf-8")
    collector = relay("tide", "https://collector.example")
    lines = framework.lines(app="app", policy="policy.toml", up=0, collector=collector)
    code = f"{dedent(MADE[framework.name])}\n{lines}\n"
    code += DJANGO_SERVED if framework is DJANGO else ""
    (tmp_path / "site.py").write_text(code, "utf-8")
    run = subprocess.run(
        [sys.executable, tmp_path / "site.py"],
        env={**os.environ, "ASKFIRST_KEY": "k" * 43},
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "tide-cookie.keys").is_file()
