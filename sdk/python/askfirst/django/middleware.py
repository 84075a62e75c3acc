"""`ConsentMiddleware` for Django, sync and async: it stands at the top of MIDDLEWARE."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from askfirst.adapters.wsgi_environ import CHUNK, VISIT, Given, scope_of
from askfirst.endpoints.routes import HOST, is_own
from askfirst.gate.read_request import RequestAnswer, read
from askfirst.gate.server_actions import Where
from askfirst.log_fault import log_fault

from ..client import Message
from ..gate.visit import Visit
from .apps import adapter
from .consent import address
from .response import apply, headers_of, write

SIGNAL = "HTTP_SEC_GPC"
Answer = HttpResponseBase | Awaitable[HttpResponseBase]


@dataclass(frozen=True)
class Arrived:
    """A request of a page, and what was taken out of it."""

    request: HttpRequest
    visit: Visit
    secrets: tuple[bytes, ...]


class ConsentMiddleware:
    """Asks, remembers, and lets through what was agreed to; the settings are `ASKFIRST`.

    Above it cookies pass unseen, so it stands above whatever sets any.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._adapter = adapter()
        self._async = bool(iscoroutinefunction(get_response))
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        """Serve one request."""
        if self._async:
            return self._serve(request)
        secrets, answer = self._read(request)
        if is_own(request.path_info):
            return self._own(request, secrets, whole=not request.path_info.startswith(HOST))
        arrived = self._arrive(request, secrets, answer)
        if answer[3]:
            self._adapter.take_decisions(arrived.visit, request.META, secrets)
        return self._leave(arrived, self.get_response(request))

    async def _serve(self, request: HttpRequest) -> HttpResponseBase:
        secrets, answer = self._read(request)
        if is_own(request.path_info):
            return await asyncio.to_thread(self._own, request, secrets, whole=True)
        if not self._adapter.ready:
            await asyncio.to_thread(self._adapter.learn)
        arrived = self._arrive(request, secrets, answer)
        if answer[3]:
            take = self._adapter.take_decisions
            await asyncio.to_thread(take, arrived.visit, request.META, secrets)
        return self._leave(arrived, await self.get_response(request))

    def _read(self, request: HttpRequest) -> tuple[tuple[bytes, ...], RequestAnswer]:
        scope: dict[str, Any] | None = getattr(request, "scope", None)
        if scope is not None:
            crumbs = [value for name, value in scope["headers"] if name.lower() == b"cookie"]
            if len(crumbs) > 1:
                # HTTP/2 sends a cookie a header: they are joined by "; " (RFC 9113 section 8.2.3).
                request.META["HTTP_COOKIE"] = b"; ".join(crumbs).decode("latin-1")
            scope["headers"] = read(scope["headers"])[0]
        before, signal = request.META.get("HTTP_COOKIE"), request.META.get(SIGNAL)
        secrets, answer = self._adapter.read(request.META)
        if request.META.get("HTTP_COOKIE") != before:
            # Whoever stood further out may have split the cookies already.
            request.__dict__.pop("COOKIES", None)
        if request.META.get(SIGNAL) != signal:  # the development bar tries it
            request.__dict__.pop("headers", None)
            if scope is not None:
                scope["headers"] = [*scope["headers"], (b"sec-gpc", b"1")]
        return secrets, answer

    def _arrive(
        self, request: HttpRequest, secrets: tuple[bytes, ...], answer: RequestAnswer
    ) -> Arrived:
        # The loop of an async server never waits here: what is to be learned was learned before.
        adapter = self._adapter
        visit = (adapter.visit_at_once if self._async else adapter.visit)(request.META, answer)
        request.META[VISIT] = visit
        adapter.hear(visit, secrets, lambda: _where(request))
        return Arrived(request, visit, secrets)

    def _leave(self, arrived: Arrived, response: HttpResponseBase) -> HttpResponseBase:
        request = arrived.request
        try:
            headers = headers_of(response)
            outgoing = self._adapter.finish(
                arrived.visit,
                headers,
                status=response.status_code,
                path=lambda: address(request)["raw_path"].decode("ascii"),
                route=lambda: _route(request),
            )
            if outgoing is not headers:
                apply(response, outgoing)
                write(response, arrived.visit.cookies)
        except Exception as error:
            log_fault("filtering a response", error)
            response.cookies.clear()
            for name in ("Set-Cookie", "Accept-CH", "Critical-CH"):
                response.headers.pop(name, None)
            response["Cache-Control"] = "private"
        if arrived.secrets and self._adapter.sees_pages:
            self._saw(arrived, response)
        return response

    def _saw(self, arrived: Arrived, response: HttpResponseBase) -> None:
        request = arrived.request
        where = _where(request)
        self._adapter.report_page_view(
            arrived.visit,
            arrived.secrets,
            method=request.method or "",
            path=where.path,
            query=where.query,
            peer=where.peer,
            status=response.status_code,
            response=[(b"content-type", response.get("Content-Type", "").encode("latin-1"))],
        )

    def _own(
        self, request: HttpRequest, secrets: tuple[bytes, ...], *, whole: bool
    ) -> HttpResponseBase:
        scope = {**scope_of(request.META, Given(request.META)), **address(request)}
        scope["scheme"] = request.scheme

        def read() -> tuple[bytes, bool]:
            chunk = request.read(CHUNK)
            return chunk, bool(chunk)

        path = request.path_info
        exchange = self._adapter.answer(scope, path=path, secrets=secrets, read=read)
        start: Message | None = exchange.start()
        if start is None:
            return HttpResponse(status=503, headers={"Retry-After": "5"})
        response: HttpResponseBase
        if whole:
            response = HttpResponse(b"".join(exchange), status=start["status"])
        else:
            response = StreamingHttpResponse(exchange, status=start["status"])
        if not any(name.lower() == b"content-type" for name, _ in start["headers"]):
            del response["Content-Type"]
        write(response, start["headers"])
        return response


def _route(request: HttpRequest) -> str | None:
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match is not None else None


def _where(request: HttpRequest) -> Where:
    at = address(request)
    peer = str(request.META.get("REMOTE_ADDR", ""))
    return Where(at["raw_path"].decode("ascii"), at["query_string"], peer)
