"""askfirst: ask first, then count."""

from __future__ import annotations

from askfirst import accesslog
from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.adapters.asgi_scope import consent_from
from askfirst.pages.notice import askfirst_notice
from askfirst.remote.collector import HttpCollector
from askfirst.track import track

from .client import CollectorClient
from .errors import (
    AskfirstError,
    CollectorAway,
    CollectorUnavailable,
    PolicyError,
    Problem,
    Refused,
)
from .terms.consent import Consent
from .terms.policy import Policy, read_policy, shipped

__version__ = "0.2.0"

__all__ = [
    "AskfirstError",
    "CollectorAway",
    "CollectorClient",
    "CollectorUnavailable",
    "Consent",
    "ConsentMiddleware",
    "HttpCollector",
    "Policy",
    "PolicyError",
    "Problem",
    "Refused",
    "__version__",
    "accesslog",
    "askfirst_notice",
    "consent_from",
    "read_policy",
    "shipped",
    "track",
]
