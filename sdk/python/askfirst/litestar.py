"""For Litestar: `init_app(app, …)` wraps its ASGI handler, so that the app stays a Litestar.

A middleware of Litestar's own runs behind its router: it never sees a path that has no handler, and
what a `before_send` hook adds goes past it. The gate stands outside, and is the last hook too.
"""

from __future__ import annotations

from typing import Unpack

from litestar import Litestar
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.types import Message, Scope

from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.adapters.asgi_scope import consent_from
from askfirst.adapters.build import GateOptions, GivenPolicy
from askfirst.adapters.jinja import init_jinja

from .client import CollectorClient

__all__ = ["ConsentMiddleware", "consent_from", "init_app", "init_templates"]


def init_app(
    app: Litestar,
    *,
    policy: GivenPolicy,
    collector: CollectorClient,
    **options: Unpack[GateOptions],
) -> ConsentMiddleware:
    """Put the gate around the application; `options` are those of ConsentMiddleware.

    Templates get `askfirst_notice()`, `askfirst_script()` and `askfirst_allows(purpose)`.
    """
    gate = ConsentMiddleware(app.asgi_handler, policy=policy, collector=collector, **options)  # type: ignore[arg-type]
    app.asgi_handler = gate  # type: ignore[assignment]
    app.on_shutdown.append(gate.aclose)

    async def last(message: Message, scope: Scope) -> None:
        gate.judge_again(scope, message)  # type: ignore[arg-type]

    app.before_send.append(last)
    if isinstance(app.template_engine, JinjaTemplateEngine):
        init_templates(app.template_engine)
    return gate


def init_templates(engine: JinjaTemplateEngine) -> None:
    """Add `askfirst_notice()`, `askfirst_script()` and `askfirst_allows(purpose)`."""
    init_jinja(engine.engine)
