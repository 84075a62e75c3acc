"""Signing in with a provider: away to it, and back.

What belongs to one sign-in (state, nonce, PKCE verifier, the invitation) travels in a signed cookie
of this browser, for ten minutes: an answer that another browser asked for is nobody's here. That
cookie is Lax, as the way back begins at the provider; the session's own stays Strict, so the last
step is a page of ours that leads on.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Refused
from askfirst_collector.dashboard.auth.lead_on import path_after
from askfirst_collector.dashboard.auth.oidc_client import Conversation, Provider, ProviderFault
from askfirst_collector.dashboard.auth.session import SessionAuth
from askfirst_collector.dashboard.layout.forms import check_csrf, read_form
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.templates import Pages
from askfirst_collector.members.identities import Identity, hash_of_session
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from askfirst_collector.usecases.identities import join_identity, sign_in_with_identity

log = logging.getLogger("askfirst.collector")

SECONDS = 600  # from leaving to coming back
LONGEST = 4_096  # characters of a code


class Oidc:
    """The handlers of `/oidc/start` and `/oidc/callback`."""

    def __init__(
        self,
        provider: Provider,
        parts: Services,
        session_auth: SessionAuth,
        pages: Pages,
        *,
        secrets: Sequence[bytes],
        secure: bool,
        now: Callable[[], float],
        urandom: Callable[[int], bytes],
    ) -> None:
        self._provider = provider
        self._conversation = Conversation(provider, now=now)
        self._parts = parts
        self._session_auth = session_auth
        self._pages = pages
        self._urandom = urandom
        self._secure = secure
        self._signer = URLSafeTimedSerializer(
            list(secrets),
            salt="askfirst dashboard oidc",
            signer_kwargs={"digest_method": hashlib.sha256},
        )
        self.cookie = "__Host-askfirst-oidc" if secure else "askfirst-oidc"

    async def start(self, request: Request) -> Response:
        """Send the browser to the provider: to sign in, to accept an invitation, or to join."""
        form = await read_form(request)
        joins = ""
        if form.get("join"):
            visit = await run_in_threadpool(self._session_auth.visit, request)
            if visit is None:
                raise HTTPException(403, "Sign in first.")
            check_csrf(visit, form)
            joins = hash_of_session(visit.token).hex()
        drawn = {name: self._draw() for name in ("state", "nonce", "verifier")}
        try:
            address = await run_in_threadpool(self._conversation.address, **drawn)
        except ProviderFault as error:
            return self._failed(request, error)
        # Not a redirect: the page's own policy lets its forms lead nowhere else.
        response = self._pages.page(
            request, "leaving.html", address=address, provider=self._provider.name
        )
        flow = {**drawn, "token": form.get("token", "")[:100], "joins": joins}
        flow["to"] = path_after(form.get("to"))
        response.set_cookie(
            self.cookie,
            str(self._signer.dumps(flow)),
            max_age=SECONDS,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def callback(self, request: Request) -> Response:
        """Take the browser back, and let the member in whom the provider vouches for."""
        flow = self._flow(request)
        params = request.query_params
        if flow is None or not hmac.compare_digest(
            flow["state"].encode(), params.get("state", "").encode("utf-8", "surrogatepass")
        ):
            return self._over(request, 400, "This sign-in was not begun here, or is too old.")
        code = params.get("code", "")
        if not code or len(code) > LONGEST:
            return self._over(request, 403, f"{self._provider.name} did not let you in.")
        try:
            who = await run_in_threadpool(
                lambda: self._conversation.identity(
                    code,
                    nonce=flow["nonce"],
                    verifier=flow["verifier"],
                    issuer=params.get("iss"),
                )
            )
        except ProviderFault as error:
            return self._failed(request, error)
        try:
            member = await run_in_threadpool(self._member, who, flow)
        except Refused as error:
            return self._over(request, error.status, message(error))
        if member is None:
            return self._over(request, 403, "You are no member here. Ask for an invitation.")
        response = self._pages.page(request, "arrived.html", after=flow["to"])
        await run_in_threadpool(self._session_auth.open, member, request, response)
        self._forget(response)
        return response

    def _member(self, who: Identity, flow: dict[str, Any]) -> Member | None:
        if flow["joins"]:
            return join_identity(self._parts, who, bytes.fromhex(flow["joins"]))
        return sign_in_with_identity(self._parts, who, flow["token"])

    def _flow(self, request: Request) -> dict[str, Any] | None:
        try:
            flow: dict[str, Any] = self._signer.loads(
                request.cookies.get(self.cookie, ""), max_age=SECONDS
            )
        except BadData:
            return None
        return flow

    def _failed(self, request: Request, error: ProviderFault) -> Response:
        log.warning("askfirst.W160 the OIDC provider could not be used: %s", error)
        return self._over(request, 502, f"{self._provider.name} cannot be used at this moment.")

    def _over(self, request: Request, status: int, detail: str) -> Response:
        response = self._pages.page(
            request, "problem.html", status=status, title="That did not work", detail=detail
        )
        self._forget(response)
        return response

    def _forget(self, response: Response) -> None:
        response.delete_cookie(
            self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def _draw(self) -> str:
        return base64.urlsafe_b64encode(self._urandom(32)).rstrip(b"=").decode()
