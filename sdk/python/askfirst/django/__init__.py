"""For Django: an app, a middleware, a template library; its settings are one dict, `ASKFIRST`."""

from __future__ import annotations

from .consent import askfirst_notice, consent_from
from .middleware import ConsentMiddleware

__all__ = ["ConsentMiddleware", "askfirst_notice", "consent_from"]
