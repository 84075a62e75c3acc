"""The context processor: `consent.statistics` in a template says whether that is allowed."""

from __future__ import annotations

from django.http import HttpRequest

from .consent import consent_from


class Answers:
    """Purposes by name; read when asked for, so that other pages stay the same for everyone."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __getitem__(self, purpose: str) -> bool:
        return consent_from(self._request).allows(purpose)


def consent(request: HttpRequest) -> dict[str, Answers]:
    """Add `"askfirst.django.context.consent"` to the template's `context_processors`."""
    return {"consent": Answers(request)}
