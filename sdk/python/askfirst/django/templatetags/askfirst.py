"""`{% load askfirst %}`: the notice, the script, and whether a purpose is allowed."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context

from askfirst.pages.assets import versioned
from askfirst.pages.html import Html, el

from ..consent import askfirst_notice as notice
from ..consent import consent_from

SCRIPT = f"/askfirst/static/{versioned('askfirst.js')}"

register = template.Library()


@register.simple_tag(takes_context=True)
def askfirst_notice(context: Context, lang: str | None = None, nonce: str | None = None) -> Html:
    """The notice where there is something to ask, and the control: for the end of `<body>`."""
    return notice(_request(context), lang=lang, nonce=nonce)


@register.simple_tag
def askfirst_script(nonce: str | None = None) -> Html:
    """The one script of a page: it asks quicker than the form, and runs what was agreed to."""
    return el("script", {"src": SCRIPT, "defer": True, "nonce": nonce})


@register.filter
def allows(request: HttpRequest, purpose: str) -> bool:
    """`{% if request|allows:"statistics" %}`"""
    return consent_from(request).allows(purpose)


def _request(context: Context) -> Any:
    request = context.get("request")
    if request is None:
        raise LookupError(
            'add "django.template.context_processors.request" to the context_processors: '
            "the notice is about one visitor"
        )
    return request
