"""For any Jinja environment: the notice, the script and the consent, as names in templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from askfirst.gate.visit import KEY, Visit
from askfirst.pages.assets import versioned
from askfirst.pages.html import Html, el
from askfirst.pages.notice import askfirst_notice

SCRIPT = f"/askfirst/static/{versioned('askfirst.js')}"


def init_jinja(environment: Environment) -> None:
    """Add `askfirst_notice()`, `askfirst_script()` and `askfirst_allows(purpose)` to templates.

    They find the request where the framework puts it: in the context's `request`.
    """
    environment.globals["askfirst_notice"] = _notice
    environment.globals["askfirst_script"] = askfirst_script
    environment.globals["askfirst_allows"] = _allows


def askfirst_script(nonce: str | None = None) -> Html:
    """The one script of a page: it asks quicker than the form, and runs what was agreed to."""
    return el("script", {"src": SCRIPT, "defer": True, "nonce": nonce})


@pass_context
def _notice(context: Context, lang: str | None = None, nonce: str | None = None) -> Html:
    return askfirst_notice(_request(context), lang=lang, nonce=nonce)


@pass_context
def _allows(context: Context, purpose: str) -> bool:
    request = _request(context)
    scope = request
    if not isinstance(request, Mapping):
        scope = getattr(request, "scope", None) or getattr(request, "environ", {})
    visit = scope.get(KEY)
    return isinstance(visit, Visit) and visit.allows(purpose)


def _request(context: Context) -> Any:
    request = context.get("request")
    if request is None:
        raise LookupError("give the template its request: the notice is about one visitor")
    return request
