"""For Starlette, and whatever keeps the ASGI scope on its request."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

from .gate.visit import consent_of
from .terms.consent import Consent


class HasScope(Protocol):
    """A Starlette Request or WebSocket."""

    @property
    def scope(self) -> MutableMapping[str, Any]:
        """The ASGI scope."""
        ...


def consent_from(request: HasScope | Mapping[str, Any]) -> Consent:
    """The consent of a request; reading it makes the response vary on the visitor's answer.

    Raises LookupError where no ConsentMiddleware stands in front.
    """
    scope = request if isinstance(request, Mapping) else request.scope
    consent = consent_of(scope)
    if consent is None:
        raise LookupError("put askfirst.ConsentMiddleware in front of this application")
    return consent
