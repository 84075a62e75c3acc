"""askfirst: ask first, then count."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

# Not when it is asked for, as the others: whoever imports the module of that name would hide it.
from askfirst.track import identify, track

if TYPE_CHECKING:
    from askfirst import accesslog
    from askfirst.adapters.asgi import ConsentMiddleware
    from askfirst.adapters.asgi_scope import consent_from
    from askfirst.pages.notice import askfirst_notice
    from askfirst.remote.collector import HttpCollector

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
    "identify",
    "read_policy",
    "shipped",
    "track",
]

# Loaded when they are asked for: a Flask site needs no ASGI, and a command neither.
_MODULES = {
    "accesslog": ("accesslog",),
    "adapters.asgi": ("ConsentMiddleware",),
    "adapters.asgi_scope": ("consent_from",),
    "client": ("CollectorClient",),
    "errors": (
        "AskfirstError",
        "CollectorAway",
        "CollectorUnavailable",
        "PolicyError",
        "Problem",
        "Refused",
    ),
    "pages.notice": ("askfirst_notice",),
    "remote.collector": ("HttpCollector",),
    "terms.consent": ("Consent",),
    "terms.policy": ("Policy", "read_policy", "shipped"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULE_OF[name]}")
    value = module if name == "accesslog" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
