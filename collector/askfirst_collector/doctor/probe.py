"""What can only be seen from within the site's process: who stands outside of the gate."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import askfirst
import askfirst.wsgi
from askfirst.gate import gate
from askfirst.observe.address import read_address
from askfirst.observe.proxies import Proxies
from askfirst.terms.edition import Editions
from askfirst.terms.policy import Policy

# Where frameworks and middleware keep what they call next.
NEXT = ("middleware_stack", "asgi_handler", "asgi_app", "wsgi_app", "app", "application", "_app")
# The application itself, whose middleware is looked at one by one.
APPLICATIONS = ("starlette.applications", "fastapi.applications", "flask.app", "quart.app")
# They neither set nor keep cookies.
HARMLESS = (
    "starlette.middleware.errors.", "starlette.middleware.gzip.", "starlette.middleware.cors.",
    "starlette.middleware.trustedhost.", "starlette.middleware.httpsredirect.",
    "uvicorn.middleware.proxy_headers.", "werkzeug.middleware.proxy_fix.", "whitenoise.",
    "sentry_sdk.", "corsheaders.", "django.middleware.security.", "django.middleware.gzip.",
)  # fmt: skip
MOST = 50  # layers


class Probe:
    """Sees which gate serves, who stands outside of it, and whom it takes a stranger for."""

    def __init__(self, stranger: str, *, environ: Mapping[str, str]) -> None:
        self.root: Any = None
        self._stranger = stranger
        self._environ = environ
        self._gates: list[Any] = []
        self._peers: set[str] = set()
        self.proxies: list[Proxies] = []
        self.policies: list[dict[str, Any]] = []
        self.host_policies: list[str] = []

    def serves(self, gate: Any, peer: str) -> None:
        """A gate was asked, by this peer."""
        if all(gate is not known for known in self._gates):
            self._gates.append(gate)
        if len(self._peers) < MOST:
            self._peers.add(peer)

    def seen(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "gate": bool(self._gates),
            "outside": [entry for entry in self._outside() if not entry.startswith(HARMLESS)],
            "undeclared": [[entry.cookie, entry.route] for entry in self._undeclared()],
            "peers": sorted(self._peers),
            "trusts_anybody": sorted(self._trusts_anybody()),
            "policies": self.policies[-1:],
            "host_policies": self.host_policies[-1:],
        }

    def _outside(self) -> list[str]:
        settings = sys.modules.get("django.conf")
        if settings is not None and settings.settings.configured:
            return _above(list(getattr(settings.settings, "MIDDLEWARE", ())))
        names: list[str] = []
        layer = self.root
        for _ in range(MOST):
            if layer is None or any(layer is gate for gate in self._gates):
                return names
            if not type(layer).__module__.startswith(APPLICATIONS) and not _is_litestar(layer):
                names.append(_name(layer))
            layer = _next(layer)
        return []  # the gate is not in this chain: nothing can be said

    def _undeclared(self) -> Iterator[Any]:
        for middleware in self._gates:
            if hasattr(middleware, "undeclared_cookies"):
                yield from middleware.undeclared_cookies()
        apps = sys.modules.get("askfirst.django.apps")
        if apps is not None:
            yield from apps.adapter().undeclared_cookies()

    def _trusts_anybody(self) -> Iterator[str]:
        if "*" in self._environ.get("FORWARDED_ALLOW_IPS", "").split(","):
            yield "FORWARDED_ALLOW_IPS=* in the environment of the server"
        address = read_address(self._stranger)
        if any(address and proxy.trusts(address) for proxy in self.proxies):
            yield "proxies= of the collector"


def watch_gates(probe: Probe) -> None:
    """See every call of a gate, and every collector that is made, in this process.

    Undeclared cookies are taken out as they are where visitors come, whatever loopback allows.
    """
    gate_module: Any = gate  # what it imports is not ours to set, to a type checker
    gate_module.choose_mode = lambda mode, origins: "strict"
    asgi, wsgi = askfirst.ConsentMiddleware, askfirst.wsgi.ConsentMiddleware
    call_asgi, call_wsgi = asgi.__call__, wsgi.__call__
    if find_spec("sqlalchemy") is not None:  # else the site is a relay: no collector is in it
        _watch_collectors(probe)

    async def watched_asgi(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            probe.serves(self, (scope.get("client") or ("",))[0])
        await call_asgi(self, scope, receive, send)

    def watched_wsgi(self: Any, environ: Any, start_response: Any) -> Any:
        probe.serves(self, environ.get("REMOTE_ADDR", ""))
        return call_wsgi(self, environ, start_response)

    asgi.__call__ = watched_asgi  # type: ignore[method-assign]
    wsgi.__call__ = watched_wsgi  # type: ignore[method-assign]


def _watch_collectors(probe: Probe) -> None:
    from askfirst_collector.embedded import EmbeddedCollector

    original_init, original_editions = EmbeddedCollector.__init__, EmbeddedCollector.editions

    def watched_init(self: Any, *arguments: Any, **options: Any) -> None:
        probe.proxies.append(options.get("proxies", Proxies()))
        if options.get("host_policy") is not None:
            probe.host_policies.append(str(options["host_policy"]))
        original_init(self, *arguments, **options)

    async def watched_editions(self: Any, policy: Policy) -> Editions:
        # Also of one that is refused, and so is never published.
        probe.policies.append(policy.document)
        return await original_editions(self, policy)

    EmbeddedCollector.__init__ = watched_init  # type: ignore[method-assign]
    EmbeddedCollector.editions = watched_editions  # type: ignore[method-assign]


def _above(middleware: list[str]) -> list[str]:
    places = [i for i, name in enumerate(middleware) if name.startswith("askfirst.django.")]
    return middleware[: places[0]] if places else []


def _next(layer: Any) -> Any:
    for name in NEXT:
        inner = getattr(layer, name, None)
        # Bound to the layer itself: there is nothing in between.
        if callable(inner) and getattr(inner, "__self__", None) is not layer:
            return inner
    return None


def _is_litestar(layer: Any) -> bool:
    return type(layer).__module__.startswith("litestar.app")


def _name(layer: Any) -> str:
    kind = layer if hasattr(layer, "__qualname__") else type(layer)
    return f"{kind.__module__}.{kind.__qualname__}"
