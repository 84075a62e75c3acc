"""For FastAPI: `init_app(app, …)`, and `Depends(consent_from)` in a path operation."""

from __future__ import annotations

from typing import Unpack

from fastapi import FastAPI
from starlette.requests import HTTPConnection
from starlette.templating import Jinja2Templates

from askfirst.adapters import asgi_scope
from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.adapters.build import GateOptions, GivenPolicy
from askfirst.adapters.jinja import init_jinja
from askfirst.adapters.starlette_stack import around

from .client import CollectorClient
from .terms.consent import Consent

__all__ = ["ConsentMiddleware", "consent_from", "init_app", "init_templates"]


def consent_from(request: HTTPConnection) -> Consent:
    """The consent of a Request or WebSocket, called or as `Depends(consent_from)`.

    Raises LookupError where no ConsentMiddleware stands in front.
    """
    return asgi_scope.consent_from(request)


def init_app(
    app: FastAPI,
    *,
    policy: GivenPolicy,
    collector: CollectorClient,
    **options: Unpack[GateOptions],
) -> ConsentMiddleware:
    """Put the gate around the whole application; `options` are those of ConsentMiddleware.

    It stands outside of every other middleware, whenever that is added. Raises RuntimeError once
    the application has started.
    """
    return around(app, policy=policy, collector=collector, **options)


def init_templates(templates: Jinja2Templates) -> None:
    """Add `askfirst_notice()`, `askfirst_script()` and `askfirst_allows(purpose)`."""
    init_jinja(templates.env)
