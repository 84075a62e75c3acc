"""`ConsentMiddleware` for WSGI applications."""

from __future__ import annotations

from .adapters.wsgi import ConsentMiddleware, askfirst_notice, consent_from

__all__ = ["ConsentMiddleware", "askfirst_notice", "consent_from"]
