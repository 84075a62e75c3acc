"""The consent of a Django request, and the notice for its page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest

from askfirst.adapters.wsgi_environ import VISIT, consent_in, text_of
from askfirst.http.mount import root_of, whole
from askfirst.pages.html import Html
from askfirst.pages.notice import askfirst_notice as _notice

from ..gate.visit import KEY
from ..terms.consent import Consent


def consent_from(request: HttpRequest) -> Consent:
    """The consent of a request; reading it makes the response vary on the visitor's answer.

    Raises LookupError where no ConsentMiddleware stands in front.
    """
    consent = consent_in(request.META)
    if consent is None:
        raise LookupError("put askfirst.django.ConsentMiddleware at the top of MIDDLEWARE")
    not_for_the_cache(request)
    return consent


def askfirst_notice(
    request: HttpRequest, *, lang: str | None = None, nonce: str | None = None
) -> Html:
    """The notice where there is something to ask, and the control: for the end of `<body>`."""
    not_for_the_cache(request)
    return _notice({KEY: request.META.get(VISIT), **address(request)}, lang=lang, nonce=nonce)


def address(request: HttpRequest) -> dict[str, Any]:
    """As much of an ASGI scope as tells the page's address."""
    # As text: Django has decoded what the server said, and its own setting may name the root.
    root = root_of(text_of(request.META.get("SCRIPT_NAME", "")))
    path = whole(quote(request.path, safe="/:@!$&'()*+,;=~-._"), request.path, root)
    return {
        "raw_path": path.encode("ascii"),
        "query_string": request.META.get("QUERY_STRING", "").encode("latin-1", "replace"),
    }


def not_for_the_cache(request: HttpRequest) -> None:
    """Keep a page that hangs on an answer out of Django's own cache.

    That cache stands below the gate, where the response does not say `Vary` yet (M39).
    """
    # The name its decorators use too.
    request._cache_update_cache = False  # type: ignore[attr-defined]
