"""The host's dashboard as one ASGI application, mounted below `/askfirst/host/`."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askfirst.errors import CollectorUnavailable, Refused
from askfirst.observe.event import DIRECT
from askfirst.observe.proxies import Proxies
from askfirst.pages.assets import FOLDER as NOTICE
from askfirst_collector.dashboard.auth.accept_invitation import AcceptInvitation
from askfirst_collector.dashboard.auth.account import Account
from askfirst_collector.dashboard.auth.lead_on import sign_in_path
from askfirst_collector.dashboard.auth.oidc import Oidc
from askfirst_collector.dashboard.auth.oidc_client import Provider
from askfirst_collector.dashboard.auth.session import SessionAuth
from askfirst_collector.dashboard.auth.sign_in import SignIn
from askfirst_collector.dashboard.auth.throttle import Throttle
from askfirst_collector.dashboard.figures.imported import ImportedPages
from askfirst_collector.dashboard.figures.pages import Views
from askfirst_collector.dashboard.figures.sharing import Sharing
from askfirst_collector.dashboard.host_policy.pages import HostPolicyPages
from askfirst_collector.dashboard.layout.forms import by_a_script
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Layout, Page, check_page, collector_of
from askfirst_collector.dashboard.layout.site import SiteLayout
from askfirst_collector.dashboard.layout.templates import HEADERS, Pages
from askfirst_collector.dashboard.members.audit import Audit
from askfirst_collector.dashboard.members.evidence import Evidence
from askfirst_collector.dashboard.members.pages import MemberPages
from askfirst_collector.dashboard.members.requests import Requests
from askfirst_collector.dashboard.placed.edit import CollectorEdit
from askfirst_collector.dashboard.placed.pages import Collectors
from askfirst_collector.dashboard.sites.editions import EditionPages
from askfirst_collector.dashboard.sites.letters import Letters
from askfirst_collector.dashboard.sites.list import SiteList
from askfirst_collector.dashboard.sites.onboarding import Onboarding
from askfirst_collector.dashboard.sites.publish import Publishing
from askfirst_collector.dashboard.sites.retention import Retention
from askfirst_collector.dashboard.sites.settings import Settings
from askfirst_collector.dashboard.sites.test_session import Testing
from askfirst_collector.dashboard.sites.transfers import TransferPages
from askfirst_collector.letters.smtp import Post
from askfirst_collector.members.login_attempts import Tries
from askfirst_collector.services import Services

TITLES = {
    401: "Sign in first",
    403: "Not allowed",
    404: "No such page",
    405: "Not like that",
    409: "Not as it stands",
    408: "Too slow",
    413: "Too large",
    503: "Not now",
}
AWAY = "The collector cannot read its files at this moment. Nothing is lost; try again shortly."


def host_routes(
    parts: Services,
    proxies: Proxies = DIRECT,
    provider: Provider | None = None,
    post: Post | None = None,
) -> list[BaseRoute]:
    """Every route of the dashboard: the door, then the pages behind it."""
    session_auth = SessionAuth(
        parts.members.sessions, secrets=parts.keys.dashboard(), secure=parts.secure
    )
    pages = Pages()
    tries = Tries(parts.engine, key=parts.keys.dashboard()[-1], now=parts.now)
    throttle = Throttle(tries, now=parts.now, urandom=parts.urandom)
    provider_name = provider.name if provider is not None else None
    entry = SignIn(parts, session_auth, throttle, pages, proxies, provider=provider_name)
    sharing = Sharing(parts, pages, SiteLayout(parts, pages))
    letters = Letters(parts, pages, Layout(parts, pages), post)
    accept_invitation = AcceptInvitation(parts, session_auth, pages, provider=provider_name)

    def inside(page: Page) -> Route:
        """Lets nobody but a signed-in member who may do this reach the page."""

        async def guarded(request: Request) -> Response:
            visit = await run_in_threadpool(session_auth.visit, request)
            if visit is None and page.is_file:
                raise HTTPException(401, "Sign in, then download it again.")
            if visit is None:
                base = request.scope.get("root_path", "")
                return RedirectResponse(f"{base}{sign_in_path(request)}", status_code=303)
            site, collector = request.path_params.get("site"), collector_of(page, request)
            owner = await run_in_threadpool(_owner, parts, site, collector)
            check_page(visit, page, site, collector=collector, owner=owner)
            return await page.handler(request, visit)

        return Route(page.path, guarded, methods=[page.method])

    return [
        Route("/setup", entry.show_set_up),
        Route("/setup", entry.set_up, methods=["POST"]),
        Route("/sign-in", entry.show_sign_in),
        Route("/sign-in", entry.sign_in, methods=["POST"]),
        Route("/invitation", accept_invitation.show),
        Route("/invitation", accept_invitation.accept, methods=["POST"]),
        *(_oidc(provider, parts, session_auth, pages) if provider is not None else ()),
        Route("/shared/{word}", sharing.open),
        Route("/unsubscribe/{word}", letters.ask_to_end),
        Route("/unsubscribe/{word}", letters.end, methods=["POST"]),
        Mount("/notice", StaticFiles(directory=NOTICE)),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        inside(Page("/sign-out", None, entry.sign_out, "POST")),
        *(
            inside(page)
            for page in sharing.pages()
            + letters.pages()
            + _pages(parts, session_auth, throttle, proxies, pages, provider_name)
        ),
    ]


def _owner(parts: Services, site: str | None, collector: str) -> str | None:
    placed = parts.placed_collectors.get(site, collector) if site and collector else None
    return None if placed is None else placed.owner


def _oidc(
    provider: Provider, parts: Services, session_auth: SessionAuth, pages: Pages
) -> tuple[Route, Route]:
    """The way in by a provider, where one is set."""
    oidc = Oidc(
        provider,
        parts,
        session_auth,
        pages,
        secrets=parts.keys.dashboard(),
        secure=parts.secure,
        now=parts.now,
        urandom=parts.urandom,
    )
    return (
        Route("/oidc/start", oidc.start, methods=["POST"]),
        Route("/oidc/callback", oidc.callback),
    )


def _pages(
    parts: Services,
    session_auth: SessionAuth,
    throttle: Throttle,
    proxies: Proxies,
    pages: Pages,
    provider: str | None,
) -> list[Page]:
    """The pages inside; those of a site's figures last, as they take every name."""
    layout = Layout(parts, pages)
    return [
        *Account(parts, session_auth, throttle, layout, proxies, provider=provider).pages(),
        *MemberPages(parts, layout, provider=provider).pages(),
        *Audit(parts, layout, SiteLayout(parts, pages)).pages(),
        *Requests(parts, layout).pages(),
        *Evidence(parts, layout).pages(),
        *Retention(parts, layout, SiteLayout(parts, pages)).pages(),
        *Testing(parts, SiteLayout(parts, pages)).pages(),
        *SiteList(parts, layout).pages(),
        *HostPolicyPages(parts, layout).pages(),
        *_settings(parts, pages),
        *Views(parts, pages, layout).pages(),
    ]


def _settings(parts: Services, pages: Pages) -> list[Page]:
    """The pages on which a site's owner changes something."""
    layout = SiteLayout(parts, pages)
    return [
        *Onboarding(parts, layout).pages(),
        *Publishing(parts, layout).pages(),
        *EditionPages(parts, layout).pages(),
        *Settings(parts, layout).pages(),
        *TransferPages(parts, layout).pages(),
        *ImportedPages(parts, layout).pages(),
        *Collectors(parts, layout).pages(),
        *CollectorEdit(parts, layout).pages(),
    ]


def host_app(
    parts: Services,
    proxies: Proxies = DIRECT,
    provider: Provider | None = None,
    post: Post | None = None,
) -> ASGIApp:
    """The dashboard over the opened parts of one collector, behind these trusted proxies.

    Members may sign in with `provider` too, and have letters sent by `post`. Raises SettingError
    where the provider cannot be used.
    """
    pages = Pages()

    async def problem(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 503
        detail = error.detail if isinstance(error, HTTPException) else AWAY
        if isinstance(error, Refused):
            status, detail = error.status, message(error)
        response = pages.page(
            request,
            "problem.html",
            status=status,
            title=TITLES.get(status, "That did not work"),
            detail=detail if status != 404 else "There is nothing at this address.",
        )
        if isinstance(error, (CollectorUnavailable, Refused)) and error.retry_after is not None:
            response.headers["retry-after"] = str(error.retry_after)
        return response

    application = Starlette(
        routes=host_routes(parts, proxies, provider, post),
        exception_handlers={
            HTTPException: problem,
            CollectorUnavailable: problem,
            Refused: problem,
        },
    )
    # Starlette would write the Host header into them, which is whatever the request says.
    application.router.redirect_slashes = False

    async def not_by_script(request: Request) -> Response:
        return await problem(request, HTTPException(403, "Open this page in the browser."))

    async def first(scope: Scope, receive: Receive, send: Send) -> None:
        base: str = scope.get("root_path", "")
        if _is_static(scope):
            await application(scope, receive, send)
        elif by_a_script(scope["headers"]):
            await (await not_by_script(Request(scope)))(scope, receive, send)
        elif scope["path"] == base:
            await RedirectResponse(f"{base}/", status_code=303)(scope, receive, send)
        else:
            await application(scope, receive, send)

    return _with_headers(first)


def _is_static(scope: Scope) -> bool:
    path: str = scope["path"]
    base = scope.get("root_path", "")
    return path.startswith((f"{base}/static/", f"{base}/notice/"))


def _with_headers(application: ASGIApp) -> ASGIApp:
    """Our headers on every answer, errors included; never cached, static files aside."""
    fixed = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        is_static = _is_static(scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(b"cache-control", b"max-age=3600")] if is_static else []
                # A page may say itself what it needs; the rest is as everywhere.
                present = {name for name, _ in message["headers"]}
                names = {name for name, _ in extra} | (present & {b"content-security-policy"})
                message = {
                    **message,
                    "headers": [
                        *message["headers"],
                        *extra,
                        *(pair for pair in fixed if pair[0] not in names),
                    ],
                }
            await send(message)

        await application(scope, receive, with_headers)

    return wrapped
