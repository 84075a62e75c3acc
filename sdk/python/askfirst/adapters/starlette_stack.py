"""Puts a gate around an application whose framework builds its middleware at the first request."""

from __future__ import annotations

from typing import Any, Unpack

from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.adapters.build import GateOptions, GivenPolicy
from askfirst.client import CollectorClient, Receive, Scope, Send


def around(
    app: Any, *, policy: GivenPolicy, collector: CollectorClient, **options: Unpack[GateOptions]
) -> ConsentMiddleware:
    """A gate outside of every other middleware of a Starlette, whenever that is added.

    Whatever stood further out would see the receipt, and could set cookies unasked. Wrong options
    raise here, not at the first request; RuntimeError where that one has come already.
    """
    if app.middleware_stack is not None:
        raise RuntimeError("call init_app before the first request: the stack is built already")
    gate = ConsentMiddleware(_unbuilt, policy=policy, collector=collector, **options)
    build = app.build_middleware_stack

    def gated() -> ConsentMiddleware:
        gate.app = build()
        return gate

    app.build_middleware_stack = gated
    return gate


async def _unbuilt(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("the application is not built yet")
