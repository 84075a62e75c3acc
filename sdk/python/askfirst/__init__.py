"""askfirst: ask first, then count."""

from __future__ import annotations

from . import accesslog
from .asgi import ConsentMiddleware
from .asgi_scope import consent_from
from .client import CollectorClient
from .errors import AskfirstError, CollectorAway, PolicyError, Problem, Refused
from .gate.notice import askfirst_notice
from .http_collector import HttpCollector
from .telemetry import track
from .terms.consent import Consent
from .terms.policy import Policy, read_policy, shipped

__version__ = "0.1.0"

__all__ = [
    "AskfirstError",
    "CollectorAway",
    "CollectorClient",
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
