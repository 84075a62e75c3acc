"""What frameworks write into an ASGI scope, and how to ask it for consent."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

from askfirst.gate.visit import consent_of
from askfirst.terms.consent import Consent

ROUTE = "askfirst.route"  # for applications whose framework writes no template into the scope


class HasScope(Protocol):
    """A Request or WebSocket of Starlette, FastAPI, Quart or Litestar."""

    @property
    def scope(self) -> Mapping[str, Any]:
        """The ASGI scope."""
        ...


def consent_from(request: HasScope | Mapping[str, Any]) -> Consent:
    """The consent of a request; reading it makes the response vary on the visitor's answer.

    `request` is anything with an ASGI `scope`, or the scope. Raises LookupError where no
    ConsentMiddleware stands in front.
    """
    scope = request if isinstance(request, Mapping) else request.scope
    consent = consent_of(scope)
    if consent is None:
        raise LookupError("put askfirst.ConsentMiddleware in front of this application")
    return consent


def route_of(scope: Mapping[str, Any]) -> str | None:
    """The template that answered, such as `/orders/{id}`; None where nobody said. Never a path."""
    route = scope.get(ROUTE) or scope.get("path_template")  # the latter by Litestar
    if isinstance(route, str):
        return route
    path = getattr(scope.get("route"), "path", None)  # by Starlette and FastAPI
    return path if isinstance(path, str) else None


def as_origin_form(scope: MutableMapping[str, Any]) -> None:
    """Cut scheme and host from a target in absolute form (RFC 9112 section 3.2.2).

    Hypercorn hands it on whole; then neither our paths nor the application's would be found.
    """
    path, raw = str(scope["path"]), scope.get("raw_path") or b""
    if "://" in path:
        scope["path"] = "/" + path.partition("://")[2].partition("/")[2]
    if b"://" in raw:
        scope["raw_path"] = b"/" + raw.partition(b"://")[2].partition(b"/")[2]
