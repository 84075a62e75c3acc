"""Two sites that stand below /blog, behind a proxy that cuts it off."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from askfirst import ConsentMiddleware, askfirst_notice, consent_from
from askfirst.adapters.jinja import askfirst_script
from askfirst.flask import AskFirst
from askfirst.flask import askfirst_notice as flask_notice
from askfirst_collector.embedded import EmbeddedCollector
from tests.conftest import ROOT

PAGE = "<!doctype html><title>Blog</title>{}<p>Hello.</p>{}"
POLICY = Path(ROOT / "examples/starlette/policy.toml")

fastapi = FastAPI(root_path="/blog")


@fastapi.get("/hello")
def hello(request: Request) -> HTMLResponse:
    consent_from(request).allows("statistics")
    return HTMLResponse(PAGE.format(askfirst_script(), askfirst_notice(request)))


fastapi_app = ConsentMiddleware(
    fastapi, policy=POLICY, collector=EmbeddedCollector("askfirst-data"), patience=20.0
)

flask_app = Flask(__name__)


@flask_app.get("/hello")
def hello_flask() -> str:
    return PAGE.format(askfirst_script(), flask_notice())


AskFirst(flask_app, policy=POLICY, collector=EmbeddedCollector("askfirst-flask"), patience=20.0)
flask_app.wsgi_app = ProxyFix(flask_app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
