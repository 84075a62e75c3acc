"""Accepting an invitation: whoever has the link chooses a name and a password, once."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from askfirst.errors import Refused
from askfirst_collector.dashboard.auth.session import SessionAuth
from askfirst_collector.dashboard.auth.sign_in import read_name
from askfirst_collector.dashboard.layout.forms import read_form
from askfirst_collector.dashboard.layout.labels import ROLE_NAMES, message
from askfirst_collector.dashboard.layout.templates import Pages
from askfirst_collector.members.invitations import Invitation
from askfirst_collector.members.passwords import password_problem
from askfirst_collector.members.rows import name_problem
from askfirst_collector.services import Services
from askfirst_collector.usecases.invitations import accept_invitation


class AcceptInvitation:
    """The handlers of `/invitation`; `provider` is the name of another way in, where there is."""

    def __init__(
        self, parts: Services, session_auth: SessionAuth, pages: Pages, *, provider: str | None
    ) -> None:
        self._parts = parts
        self._invitations = parts.members.invitations
        self._session_auth = session_auth
        self._pages = pages
        self._provider = provider

    async def show(self, request: Request) -> Response:
        """The form behind the link. Looking at it does not use the link up."""
        token = request.query_params.get("token", "")
        invitation = await run_in_threadpool(self._invitations.find, token)
        return self._page(request, token, invitation)

    async def accept(self, request: Request) -> Response:
        """Make the account, use the link up, and sign in."""
        form = await read_form(request)
        token, name, password = form.get("token", ""), read_name(form), form.get("password", "")
        invitation = await run_in_threadpool(self._invitations.find, token)
        problem = name_problem(name) or password_problem(password, name)
        if problem is None and password != form.get("again"):
            problem = "The two passwords differ."
        if invitation is None or problem is not None or invitation.email:
            return self._page(request, token, invitation, name=name, problem=problem)
        try:
            member = await run_in_threadpool(accept_invitation, self._parts, token, name, password)
        except Refused as error:
            return self._page(request, token, invitation, name=name, problem=message(error))
        if member is None:
            return self._page(request, token, None)
        base = request.scope.get("root_path", "")
        response = RedirectResponse(f"{base}/", status_code=303)
        await run_in_threadpool(self._session_auth.open, member, request, response)
        return response

    def _page(
        self,
        request: Request,
        token: str,
        invitation: Invitation | None,
        *,
        name: str = "",
        problem: str | None = None,
    ) -> Response:
        if invitation is None:
            return self._pages.page(request, "invitation-over.html", status=410)
        return self._pages.page(
            request,
            "invitation.html",
            status=200 if problem is None else 422,
            token=token,
            invitation=invitation,
            role=ROLE_NAMES[invitation.role],
            name=name,
            problem=problem,
            provider=self._provider,
        )
