"""One's own account: the password, the browsers that are signed in, the API tokens."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from askfirst.errors import Refused
from askfirst.observe.proxies import Proxies
from askfirst_collector.dashboard.auth.session import SessionAuth
from askfirst_collector.dashboard.auth.throttle import Throttle
from askfirst_collector.dashboard.layout.forms import Visit, address_of, check_csrf, read_form
from askfirst_collector.dashboard.layout.labels import ROLE_NAMES, SCOPE_NAMES, message
from askfirst_collector.dashboard.layout.page import Layout, Page
from askfirst_collector.members.passwords import password_problem
from askfirst_collector.members.permissions import SCOPES
from askfirst_collector.services import Services
from askfirst_collector.usecases.account import (
    change_password,
    create_token,
    end_session,
    end_token,
)

DAYS = (7, 30, 90, 365)  # how long a token may live


class Account:
    """The handlers; every member has these pages, whatever their role."""

    def __init__(
        self,
        parts: Services,
        session_auth: SessionAuth,
        throttle: Throttle,
        layout: Layout,
        proxies: Proxies,
        *,
        provider: str | None = None,
    ) -> None:
        self._parts = parts
        self._members = parts.members
        self._session_auth = session_auth
        self._throttle = throttle
        self._layout = layout
        self._proxies = proxies
        self._provider = provider

    def pages(self) -> list[Page]:
        """Every page of this file."""
        return [
            Page("/account", None, self.show),
            Page("/account", None, self.change_password, "POST"),
            Page("/account/sessions", None, self.end_session, "POST"),
            Page("/account/tokens", None, self.make_token, "POST"),
            Page("/account/tokens/end", None, self.end_token, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """Who is signed in, where else, and by which tokens."""
        return await run_in_threadpool(self._page, request, visit)

    async def change_password(self, request: Request, visit: Visit) -> Response:
        """Set another password; every other session of the member ends."""
        form = await read_form(request)
        check_csrf(visit, form)
        name, address = visit.member.name, address_of(request, self._proxies)
        problem = password_problem(form.get("password", ""), name)
        if problem is None and form.get("password") != form.get("again"):
            problem = "The two passwords differ."
        # By the session: who guesses at the door must not keep a member from a new password.
        session = hashlib.sha256(visit.token.encode()).hexdigest()
        admit = self._throttle.admit
        if problem is None and (await run_in_threadpool(admit, name, address, session)).refused > 0:
            problem = "Too many tries. Wait a few minutes, then try again."
        if problem is None and not await run_in_threadpool(
            self._members.check, name, form.get("present", "")[:1000]
        ):
            problem = "The present password is not right."
        if problem is not None:
            return await run_in_threadpool(
                self._page, request, visit, status=422, password_problem=problem
            )
        await run_in_threadpool(self._throttle.succeeded, name, address, session)
        await run_in_threadpool(change_password, self._parts, visit.member, form["password"])
        response = _to(request, "/")
        await run_in_threadpool(self._session_auth.open, visit.member, request, response)
        return response

    async def end_session(self, request: Request, visit: Visit) -> Response:
        """End one of one's own sessions."""
        form = await read_form(request)
        check_csrf(visit, form)
        id, member = form.get("id", ""), visit.member
        await run_in_threadpool(end_session, self._parts, member, member.name, id)
        return _to(request, "/account")

    async def make_token(self, request: Request, visit: Visit) -> Response:
        """Make an API token, and show it this once."""
        form = await read_form(request)
        check_csrf(visit, form)
        scopes = [scope for scope in SCOPES if form.get(f"scope.{scope}")]
        days = form.get("days", "")

        def created() -> Response:
            try:
                token, secret = create_token(
                    self._parts,
                    visit.member,
                    form.get("name", ""),
                    scopes,
                    days=int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0,
                )
            except Refused as error:
                filled = {"name": form.get("name", ""), "scopes": scopes, "days": days}
                return self._page(
                    request, visit, status=error.status, token_problem=message(error), filled=filled
                )
            return self._layout.page(
                request, visit, "token.html", token=token, secret=secret, scopes=SCOPE_NAMES
            )

        return await run_in_threadpool(created)

    async def end_token(self, request: Request, visit: Visit) -> Response:
        """End one of one's own tokens."""
        form = await read_form(request)
        check_csrf(visit, form)
        id, member = form.get("id", ""), visit.member
        await run_in_threadpool(end_token, self._parts, member, member.name, id)
        return _to(request, "/account")

    def _page(
        self,
        request: Request,
        visit: Visit,
        *,
        status: int = 200,
        password_problem: str | None = None,
        token_problem: str | None = None,
        filled: dict[str, Any] | None = None,
    ) -> Response:
        name = visit.member.name
        return self._layout.page(
            request,
            visit,
            "account.html",
            status=status,
            role=ROLE_NAMES[visit.member.role],
            provider=self._provider,
            identities=self._members.identities.of(name),
            has_password=self._members.has_password(name),
            sessions=self._members.sessions.of(name, visit.token),
            tokens=self._members.tokens.of(name),
            scopes=SCOPE_NAMES,
            days=DAYS,
            password_problem=password_problem,
            token_problem=token_problem,
            filled=filled or {"name": "", "scopes": ["read"], "days": "90"},
        )


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(request.scope.get("root_path", "") + path, status_code=303)
