"""`ConsentMiddleware` for ASGI: translates between the server's messages and the gate."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import asgi_paths
from .asgi_scope import as_origin_form, route_of
from .client import Application, Caller, CollectorClient, Message, Receive, Scope, Send
from .gate.actions import Teller, Where
from .gate.caching import private
from .gate.csp import Mode
from .gate.faults import note
from .gate.gate import Gate
from .gate.headers import Header, Headers, without
from .gate.page_views import handed_on, is_page_view, page_view
from .gate.paths import Paths, is_own
from .gate.receipt import only_handle
from .gate.relay import PATIENCE, Relay
from .gate.told import read
from .gate.undeclared import Sighting, Undeclared
from .gate.visit import KEY, Visit
from .terms.policy import Policy, read_policy

_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
_ENDS = frozenset({"http.response.body", "http.response.pathsend"})


class ConsentMiddleware:
    """Stands in front of an ASGI application: asks, remembers, and lets through what was agreed to.

    `policy` is a Policy, the path of its file, or its table; a wrong one raises PolicyError here.
    `collector` is closed with the application's lifespan. `keys` are the site's cookie keys, 32
    bytes each, newest last; None asks the collector. `undeclared="learn"` lets cookies leave that
    the policy does not declare, on loopback alone; `cookie_database` is a CSV file that knows what
    cookies are for. `csp` ("off", "report", "enforce") adds a Content-Security-Policy by consent,
    `permissions` denies features that no purpose may use. `patience` is how many seconds a grant
    may take to be recorded. `now` gives unix seconds. Wrong settings raise WrongSetting or Unusable
    here.
    """

    def __init__(
        self,
        app: Application,
        *,
        policy: Policy | Path | str | Mapping[str, Any],
        collector: CollectorClient,
        keys: tuple[bytes, ...] | None = None,
        undeclared: Undeclared = "strict",
        cookie_database: Path | str | None = None,
        csp: Mode = "off",
        permissions: bool = False,
        patience: float = PATIENCE,
        now: Callable[[], float] = time.time,
        urandom: Callable[[int], bytes] = os.urandom,
    ) -> None:
        if isinstance(policy, str):
            policy = Path(policy)
        read = policy if isinstance(policy, Policy) else read_policy(policy)
        self.app = app
        self._gate = Gate(
            read,
            now=now,
            undeclared=undeclared,
            cookie_database=cookie_database,
            csp=csp,
            permissions=permissions,
        )
        self._relay = Relay(
            self._gate, collector, keys=keys, urandom=urandom, patience=patience, now=now
        )
        self._paths = Paths(self._relay, now=now)
        self._sees_pages = read.server_side

    def undeclared_cookies(self) -> tuple[Sighting, ...]:
        """The undeclared cookies this process met: name, route, first and last day, no counts."""
        return self._gate.undeclared_cookies()

    def judge_again(self, scope: Scope, message: Message) -> None:
        """Judge a response again, in place: for a framework that adds headers behind the gate."""
        visit = scope.get(KEY)
        if message["type"] in _STARTS and isinstance(visit, Visit):
            sealed = visit.sealed
            message["headers"] = self._finish(scope, visit, message).get("headers", ())
            visit.sealed = sealed

    async def aclose(self) -> None:
        """Finish what is under way and close the collector; for where no lifespan comes by."""
        await self._relay.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        kind = scope["type"]
        if kind == "http" or kind == "websocket":
            await self._serve(scope, receive, send)
        elif kind == "lifespan":
            await self.app(scope, receive, self._until_shutdown(send))
        else:
            await self.app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Before anything else: the application never sees the receipt (M40).
        headers, secrets, told = read(scope["headers"])
        if secrets:
            scope["headers"] = headers
        if not self._relay.ready:
            await self._relay.learn()
        if scope["path"][:1] != "/":
            as_origin_form(scope)
        if scope["type"] == "http":
            path = _below_root(scope)
            if is_own(path):
                connection = asgi_paths.Connection(scope, receive, send, path, secrets)
                await asgi_paths.answer(self._relay, self._paths, connection)
                return
        visit = scope[KEY] = self._gate.visit(headers, told)
        if secrets:
            soon = asyncio.get_running_loop().call_soon_threadsafe
            visit.tell = Teller(self._relay, visit, secrets, lambda: _where(scope), soon)
        await self.app(scope, receive, self._on_its_way(scope, headers, secrets, visit, send))

    def _on_its_way(
        self,
        scope: Scope,
        headers: Headers,
        secrets: tuple[bytes, ...],
        visit: Visit,
        send: Send,
    ) -> Send:
        watched: Message | None = None

        async def on_its_way(message: Message) -> None:
            nonlocal watched
            kind = message["type"]
            if kind in _STARTS:
                message = self._finish(scope, visit, message)
                if kind != "http.response.start":
                    visit.sealed = False  # what a socket says is kept by no cache
                elif secrets and self._sees_pages:
                    watched = message
                await send(message)
                return
            await send(message)
            if kind in _ENDS and not message.get("more_body", False):
                visit.sealed = False
                if watched is not None:
                    self._page_view(scope, headers, secrets, visit, watched)
                    watched = None

        return on_its_way

    def _finish(self, scope: Scope, visit: Visit, message: Message) -> Message:
        headers: list[Header] = [*message.get("headers", ())]
        try:
            finished = self._gate.finish(visit, headers, route=lambda: route_of(scope))
            status = message.get("status", 0)
            finished = self._gate.vouched(visit, finished, status, lambda: _where(scope).path)
        except Exception as error:
            note("filtering a response", error)
            # What cannot be judged does not leave, and no cache may keep the rest.
            finished = private(without(headers, b"set-cookie", b"accept-ch", b"critical-ch"))
        return message if finished is headers else {**message, "headers": finished}

    def _page_view(
        self,
        scope: Scope,
        headers: Headers,
        secrets: tuple[bytes, ...],
        visit: Visit,
        start: Message,
    ) -> None:
        try:
            if not is_page_view(scope["method"], start["status"], headers, start["headers"]):
                return
            handle, consent = only_handle(secrets), visit.peek()
            if handle is None or consent.state is None or not consent.editions:
                return
            at = _where(scope)
            payload = page_view(consent, at.path, at.query, headers, self._relay.urandom)
            if payload is not None:
                signals = consent.signals
                vouches = self._gate.vouches
                caller = Caller(consent.site, handle, signals.gpc, signals.dnt, consent, vouches)
                self._relay.submit(caller, payload, handed_on(headers), at.peer)
        except Exception as error:
            note("noting a page view", error)

    def _until_shutdown(self, send: Send) -> Send:
        async def until_shutdown(message: Message) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                await self.aclose()
            elif message["type"] == "lifespan.startup.complete":
                await self._relay.wake()
            await send(message)

        return until_shutdown


def _where(scope: Scope) -> Where:
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    return Where(path, scope.get("query_string", b""), (scope.get("client") or ("",))[0])


def _below_root(scope: Scope) -> str:
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if root else path
