"""`track` and `identify`: what server code tells of, whatever the framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from askfirst.gate.user_token import UserId
    from askfirst.gate.visit import Visit


def track(
    request: object,
    name: str,
    properties: Mapping[str, Any] | None = None,
    *,
    user_id: UserId | None = None,
) -> None:
    """Tell of an action for each purpose that lists it and that this visitor agreed to.

    `request` is a request of any framework, an ASGI scope or a WSGI environ. `user_id` is that of a
    signed-in user, as `identify` takes it, for this action alone. Without agreement nothing
    happens. Never waits; the response does not depend on it. Raises LookupError where no
    ConsentMiddleware stands in front.
    """
    _visit(request).track(name, properties, user_id)


def identify(request: object, user_id: UserId | None) -> None:
    """Say which signed-in user a request is of: for what the site's server tells of it.

    The page view that the server sees (`server_side`), and actions of `track` from then on, are
    linked to the user under a random number, for purposes that gather `user_id` and that the
    visitor agreed to. The id itself goes nowhere. None is nobody. Raises as `track`.
    """
    _visit(request).user_id = user_id


def _visit(request: object) -> Visit:
    # Here, so that `import askfirst` is quick; where there is a visit they are loaded long since.
    from askfirst.adapters.wsgi_environ import VISIT
    from askfirst.gate.visit import KEY, Visit

    for where in _places(request):
        visit = where.get(KEY) or where.get(VISIT)
        if isinstance(visit, Visit):
            return visit
    raise LookupError("put askfirst.ConsentMiddleware in front of this application")


def _places(request: object) -> list[Mapping[str, Any]]:
    candidates = [getattr(request, name, None) for name in ("scope", "environ", "META")]
    return [candidate for candidate in (request, *candidates) if isinstance(candidate, Mapping)]
