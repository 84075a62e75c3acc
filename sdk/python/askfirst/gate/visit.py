"""`Visit`: what an application finds in `scope["askfirst"]`; the consent is read when asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from askfirst.http.headers import Header, Headers

from ..terms.consent import Consent, Question, Source
from ..terms.lattice import Scope
from .user_token import UserId

log = logging.getLogger("askfirst")

KEY = "askfirst"


def _no_route() -> None:
    return None


class Visit:
    """One request's consent, loaded at first use; whether it was used decides about `Vary`."""

    __slots__ = (
        "_consent", "_load", "cookies", "headers", "preload", "read", "route", "sealed", "tell",
        "testing", "user_id",
    )  # fmt: skip

    def __init__(self, load: Callable[[Headers], Consent], headers: Headers) -> None:
        self._load = load
        self.headers = headers
        self._consent: Consent | None = None
        self.read = False
        # What the browser is told to keep of its own decisions (ADPC).
        self.cookies: tuple[Header, ...] = ()
        # The address of the styles of a notice that is in the page: asked for with its first byte.
        self.preload: str | None = None
        # Tells the template that answered, from when the response starts.
        self.route: Callable[[], str | None] = _no_route
        # Hands an action to the collector; there only where a receipt came with the request.
        self.tell: Callable[[str, Mapping[str, Any], UserId | None], None] | None = None
        # Of whom the application says that they are signed in.
        self.user_id: UserId | None = None
        # A signed-in member tests the site.
        self.testing = False
        # Set while a response is on its way that was not marked as depending on consent.
        self.sealed = False

    @property
    def consent(self) -> Consent:
        """The consent of this request; none while an unmarked response is being sent (M39)."""
        if self.sealed:
            _say_too_late()
            return Consent(self.peek().site)
        self.read = True
        return self.peek()

    def may(self, purpose: str) -> bool:
        """As `allows`, without the response depending on it; for ourselves."""
        return self.peek().allows(purpose)

    def peek(self) -> Consent:
        """The consent, without the response depending on it; for ourselves."""
        if self._consent is None:
            self._consent = self._load(self.headers)
        return self._consent

    def track(
        self,
        name: str,
        properties: Mapping[str, Any] | None = None,
        user_id: UserId | None = None,
    ) -> None:
        """Tell of an action, to each purpose that lists it and was agreed to; never raises.

        The response does not depend on it, so it may be told of at any time, from any thread.
        """
        if self.tell is not None:
            self.tell(name, properties or {}, self.user_id if user_id is None else user_id)

    def allows(self, purpose: str) -> bool:
        """Whether this request may do anything for `purpose`."""
        return self.consent.allows(purpose)

    def scope(self, purpose: str) -> Scope:
        """How precisely this request may be observed for `purpose`."""
        return self.consent.scope(purpose)

    def detail(self, purpose: str) -> int:
        """The detail chosen for `purpose`, 0 to 2."""
        return self.consent.detail(purpose)

    @property
    def source(self) -> Source:
        """Where the answer comes from: visitor, gpc, dnt or none."""
        return self.consent.source

    @property
    def asks(self) -> tuple[Question, ...]:
        """What the site's notice is to ask now; empty means no notice."""
        return self.consent.asks

    def asks_on(self, path: str) -> tuple[Question, ...]:
        """The same with what the collectors ask that are placed on the page at `path`."""
        return self.consent.asks_on(path)


@cache
def _say_too_late() -> None:
    log.warning("consent was read too late: read it before the response starts")


def consent_of(scope: Mapping[str, Any]) -> Consent | None:
    """The consent of a request by its ASGI scope; None without the middleware in front."""
    visit = scope.get(KEY)
    return visit.consent if isinstance(visit, Visit) else None
