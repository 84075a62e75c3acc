"""`ConsentMiddleware` for ASGI: translates between the server's messages and the gate."""

from __future__ import annotations

import asyncio
from typing import Unpack

from askfirst.adapters import asgi_own_paths as asgi_paths
from askfirst.adapters.asgi_scope import as_origin_form, route_of
from askfirst.adapters.build import GateOptions, GivenPolicy, build_gate
from askfirst.client import (
    Application,
    CollectorClient,
    Message,
    Receive,
    Scope,
    Send,
)
from askfirst.endpoints.routes import is_own
from askfirst.gate.page_views import handed_on, is_page_view, page_view
from askfirst.gate.read_request import read
from askfirst.gate.receipt import only_handle
from askfirst.gate.server_actions import Teller, Where, server_caller
from askfirst.gate.undeclared_cookies import Sighting
from askfirst.gate.visit import KEY, Visit
from askfirst.http.caching import private
from askfirst.http.headers import Header, Headers, without
from askfirst.http.mount import ROOT, below, mount_at, raw_path_of, root_of
from askfirst.log_fault import log_fault

_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
_ENDS = frozenset({"http.response.body", "http.response.pathsend"})


class ConsentMiddleware:
    """Stands in front of an ASGI application: asks, remembers, and lets through what was agreed to.

    `policy` is a Policy, the path of its file, or its table; a wrong one raises PolicyError here.
    `collector` is closed with the application's lifespan. More settings are those of
    `askfirst.adapters.build.GateOptions`; wrong ones raise WrongSetting or Unusable here.
    """

    def __init__(
        self,
        app: Application,
        *,
        policy: GivenPolicy,
        collector: CollectorClient,
        **options: Unpack[GateOptions],
    ) -> None:
        self.app = app
        parts = build_gate(policy=policy, collector=collector, **options)
        self._gate, self._relay, self._paths = parts.gate, parts.relay, parts.paths
        self._sees_pages = parts.sees_pages
        # FastAPI knows its root, and says it further in than here.
        self._root = root_of(getattr(app, "root_path", "")) if _is_fastapi(app) else ""

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
        # Frameworks change the root on the way in; what it was here is where the site begins.
        root = scope[ROOT] = root_of(scope.get("root_path")) or self._root
        mount_at(root)
        # Before anything else: the application never sees the receipt (M40).
        headers, secrets, answer = read(self._gate.as_visitor(scope["headers"]))
        scope["headers"] = headers
        if not self._relay.ready:
            await self._relay.learn()
        if scope["path"][:1] != "/":
            as_origin_form(scope)
        if scope["type"] == "http":
            path = below(scope["path"], root)
            if is_own(path):
                connection = asgi_paths.Connection(scope, receive, send, path, secrets, root)
                await asgi_paths.answer(self._relay, self._paths, connection)
                return
        visit = scope[KEY] = self._gate.visit(headers, answer)
        if answer[3] and scope["type"] == "http":
            connection = asgi_paths.Connection(scope, receive, send, path, secrets, root)
            visit.cookies = await self._paths.take_decisions(connection.request, visit.peek())
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
            if self._gate.sends_page_tokens:
                status = message.get("status", 0)
                finished = self._gate.with_page_tokens(
                    visit, finished, status, lambda: _where(scope).path
                )
        except Exception as error:
            log_fault("filtering a response", error)
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
                caller = server_caller(self._gate, consent, handle, visit.user_id)
                self._relay.submit(caller, payload, handed_on(headers), at.peer)
        except Exception as error:
            log_fault("noting a page view", error)

    def _until_shutdown(self, send: Send) -> Send:
        async def until_shutdown(message: Message) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                await self.aclose()
            elif message["type"] == "lifespan.startup.complete":
                await self._relay.wake()
            await send(message)

        return until_shutdown


def _where(scope: Scope) -> Where:
    return Where(
        raw_path_of(scope), scope.get("query_string", b""), (scope.get("client") or ("",))[0]
    )


def _is_fastapi(app: Application) -> bool:
    # Flask and Quart have a root_path too: the folder of their files.
    return hasattr(app, "root_path_in_servers")
