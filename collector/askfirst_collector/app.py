"""The collector as one ASGI application: `/v1/*`, its keys, and whether it is well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route, request_response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askfirst.errors import CollectorUnavailable, PolicyError, Reason, Refused
from askfirst.http.headers import values
from askfirst_collector.api.auth import Access, Endpoint
from askfirst_collector.api.host_policy import HostPolicyFace
from askfirst_collector.api.keys import KeysFace
from askfirst_collector.api.ledger import LedgerFace
from askfirst_collector.api.members import MembersFace
from askfirst_collector.api.placed import PlacedFace
from askfirst_collector.api.sites import SitesFace
from askfirst_collector.api.stats import StatsFace
from askfirst_collector.api.transfers import TransfersFace
from askfirst_collector.api.users import UsersFace
from askfirst_collector.api.visitors import EVENTS, SCRIPTED, Face
from askfirst_collector.api.webhooks import WebhooksFace
from askfirst_collector.ingest.events import Events
from askfirst_collector.ingest.responses import Answer, conflicting, refused, unavailable
from askfirst_collector.runtime.health import health
from askfirst_collector.services import Services

log = logging.getLogger("askfirst.collector")

Handler = Callable[[Request], Awaitable[Response]]
_PLAIN = {404: Reason.NOT_FOUND, 405: Reason.METHOD_NOT_ALLOWED}


def collector_routes(parts: Services, face: Face) -> list[Route]:
    """Every route there is, `EVENTS` aside; each has its operation in `openapi/`."""
    access = Access(parts)
    proofs, users = LedgerFace(parts), UsersFace(parts)

    async def readyz(request: Request) -> Response:
        report = await asyncio.to_thread(health, parts)
        return JSONResponse(report, 200 if report["status"] == "ok" else 503)

    async def well_known(request: Request) -> Response:
        return JSONResponse({"keys": parts.receipts.public()})

    return [
        Route("/v1/consents", answering(face.consents), methods=["POST"]),
        Route("/v1/policies", answering(face.policies), methods=["POST"]),
        Route("/v1/terms", answering(face.terms)),
        Route("/v1/rights/me", answering(face.me)),
        Route("/v1/rights/withdraw", answering(face.withdraw), methods=["POST"]),
        Route("/v1/rights/restrict", answering(face.restrict), methods=["POST"]),
        Route("/v1/rights/erase", answering(face.erase), methods=["POST"]),
        Route("/v1/users", answering(users.export)),
        Route("/v1/users/erase", answering(users.erase), methods=["POST"]),
        Route("/v1/ledger/{leaf}", answering(proofs.inclusion)),
        Route("/v1/ledger/{leaf}/since/{size}", answering(proofs.consistency)),
        Route("/.well-known/askfirst.json", well_known),
        Route("/openapi.json", openapi),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        *(
            Route(endpoint.path, answering(access.guard(endpoint)), methods=[endpoint.method])
            for endpoint in admin_endpoints(parts)
        ),
    ]


def admin_endpoints(parts: Services) -> list[Endpoint]:
    """What members ask by a token, with the action that each is."""
    faces = (
        MembersFace(parts),
        SitesFace(parts),
        KeysFace(parts),
        PlacedFace(parts),
        HostPolicyFace(parts),
        WebhooksFace(parts),
        TransfersFace(parts),
        StatsFace(parts),
    )
    return [endpoint for face in faces for endpoint in face.endpoints()]


def collector_app(parts: Services, events: Events) -> ASGIApp:
    """The application over the opened parts; `events` goes ahead of the router."""
    face = Face(parts, events)
    routes = collector_routes(parts, face)
    router = Starlette(routes=routes, exception_handlers={HTTPException: _plain})
    preflight = request_response(answering(face.allow))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in SCRIPTED:
            if scope["method"] == "OPTIONS":
                return await preflight(scope, receive, send)
            send = _readable(scope, send, parts)
            if scope["path"] == EVENTS:
                return await events(scope, receive, send)
        return await router(scope, receive, send)

    return application


def _readable(scope: Scope, send: Send, parts: Services) -> Send:
    """Lets a page of a site read why it was refused too (Fetch standard, CORS protocol)."""
    origins = values(scope["headers"], b"origin")
    if len(origins) != 1:
        return send

    async def readable(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            known = parts.registry.has_origin
            if await asyncio.to_thread(known, origins[0].decode("latin-1")):
                allowed = ((b"access-control-allow-origin", origins[0]), (b"vary", b"Origin"))
                message["headers"] = [*message["headers"], *allowed]
        await send(message)

    return readable


def answering(handler: Handler) -> Handler:
    """The handler with its refusals and faults as answers; nothing else leaves it."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as error:
            return _response(refused(error))
        except PolicyError as error:
            return _response(conflicting(error))
        except CollectorUnavailable as error:
            return _response(unavailable(error))
        except Exception as error:
            # Only the type: a message may hold what the visitor sent.
            log.error("askfirst.E111 %s failed: %s", request.url.path, type(error).__name__)
            return _response(unavailable(CollectorUnavailable("a fault of ours")))

    return answered


async def openapi(request: Request) -> Response:
    """What this face is, for whoever wants to call it."""

    def published() -> tuple[bytes, str]:
        # Written where somebody asks for it: every start would pay for it otherwise.
        from askfirst_collector.openapi.document import published

        return published()

    body, etag = await asyncio.to_thread(published)
    headers = {"etag": etag, "cache-control": "public, no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


async def healthz(request: Request) -> Response:
    """That the process answers; whether it can store is what /readyz says."""
    return JSONResponse({"status": "ok"})


async def _plain(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    reason = _PLAIN.get(status, Reason.NOT_FOUND)
    allowed = [(b"allow", _allowed(request).encode())] if status == 405 else []
    return _response(refused(Refused(reason, "see /openapi.json for what there is"), allowed))


def _allowed(request: Request) -> str:
    """The methods of this path (RFC 9110 section 10.2.1): each is a route of its own."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    matches = [route for route in routes if route.matches(request.scope)[0] != Match.NONE]
    return ", ".join(sorted({method for route in matches for method in route.methods or ()}))


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, media_type=answer.type.decode())
    for name, value in ((b"cache-control", b"no-store"), *answer.headers):
        response.headers.append(name.decode(), value.decode())
    return response
