"""`track`: tell of an action from server code, whatever the framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def track(request: object, name: str, properties: Mapping[str, Any] | None = None) -> None:
    """Tell of an action for each purpose that lists it and that this visitor agreed to.

    `request` is a request of any framework, an ASGI scope or a WSGI environ. Without agreement
    nothing happens. Never waits; the response does not depend on it. Raises LookupError where no
    ConsentMiddleware stands in front.
    """
    # Here, so that `import askfirst` is quick; where there is a visit they are loaded long since.
    from askfirst.adapters.wsgi_environ import VISIT
    from askfirst.gate.visit import KEY, Visit

    for where in _places(request):
        visit = where.get(KEY) or where.get(VISIT)
        if isinstance(visit, Visit):
            visit.track(name, properties)
            return
    raise LookupError("put askfirst.ConsentMiddleware in front of this application")


def _places(request: object) -> list[Mapping[str, Any]]:
    candidates = [getattr(request, name, None) for name in ("scope", "environ", "META")]
    return [candidate for candidate in (request, *candidates) if isinstance(candidate, Mapping)]
