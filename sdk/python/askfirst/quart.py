"""For Quart: `init_app(app, …)` wraps `app.asgi_app`, so that the app stays a Quart."""

from __future__ import annotations

from typing import Any, Unpack, cast

from quart import Quart, has_websocket_context, request, websocket
from quart.wrappers.base import BaseRequestWebsocket

from askfirst.adapters import asgi_scope
from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.adapters.asgi_scope import ROUTE
from askfirst.adapters.build import GateOptions, GivenPolicy
from askfirst.adapters.jinja import init_jinja

from .client import CollectorClient
from .terms.consent import Consent

__all__ = ["ConsentMiddleware", "consent_from", "init_app"]


def consent_from(connection: BaseRequestWebsocket | None = None) -> Consent:
    """The consent of a request or websocket; of the present one where none is given.

    Raises LookupError where no ConsentMiddleware stands in front.
    """
    return asgi_scope.consent_from(_present() if connection is None else connection)


def init_app(
    app: Quart,
    *,
    policy: GivenPolicy,
    collector: CollectorClient,
    **options: Unpack[GateOptions],
) -> ConsentMiddleware:
    """Put the gate around `app.asgi_app`; `options` are those of ConsentMiddleware.

    Templates get `askfirst_notice()`, `askfirst_script()` and `askfirst_allows(purpose)`.
    """
    gate = ConsentMiddleware(app.asgi_app, policy=policy, collector=collector, **options)  # type: ignore[arg-type]
    app.asgi_app = gate  # type: ignore[method-assign, assignment]
    app.before_request(_tell_route)
    app.before_websocket(_tell_route)
    init_jinja(app.jinja_env)
    return gate


def _present() -> BaseRequestWebsocket:
    return websocket if has_websocket_context() else request


def _tell_route() -> None:
    # What the gate reports is a template; it never looks at paths.
    connection = _present()
    if connection.url_rule is not None:
        scope = cast(dict[str, Any], connection.scope)
        scope[ROUTE] = connection.url_rule.rule
