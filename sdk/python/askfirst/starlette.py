"""For Starlette: `init_app(app, …)`, or `Middleware(ConsentMiddleware, …)` first in its list."""

from __future__ import annotations

from typing import Unpack

from starlette.applications import Starlette
from starlette.templating import Jinja2Templates

from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.adapters.asgi_scope import consent_from
from askfirst.adapters.build import GateOptions, GivenPolicy
from askfirst.adapters.jinja import init_jinja
from askfirst.adapters.starlette_stack import around

from .client import CollectorClient

__all__ = ["ConsentMiddleware", "consent_from", "init_app", "init_templates"]


def init_app(
    app: Starlette,
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
