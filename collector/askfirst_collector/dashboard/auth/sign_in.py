"""Coming in and going out: the one-time link, signing in, signing out."""

from __future__ import annotations

import math
import unicodedata
from asyncio import sleep

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from askfirst.errors import Refused
from askfirst.observe.proxies import Proxies
from askfirst_collector.dashboard.auth.lead_on import path_after
from askfirst_collector.dashboard.auth.session import SessionAuth
from askfirst_collector.dashboard.auth.throttle import Throttle
from askfirst_collector.dashboard.layout.forms import Visit, address_of, check_csrf, read_form
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.templates import Pages
from askfirst_collector.members.passwords import password_problem
from askfirst_collector.members.rows import LONGEST_NAME, name_problem
from askfirst_collector.services import Services
from askfirst_collector.usecases.links import set_up_admin

WRONG = "The name or the password is not right."
COPIED = (
    "You were signed out, because another browser used the cookie of this session. If it was not "
    "yours, somebody has copied it: sign in, set another password, and end all other sessions."
)


class SignIn:
    """The handlers of the door."""

    def __init__(
        self,
        parts: Services,
        session_auth: SessionAuth,
        throttle: Throttle,
        pages: Pages,
        proxies: Proxies,
        *,
        provider: str | None = None,
    ) -> None:
        self._parts = parts
        self._members = parts.members
        self._session_auth = session_auth
        self._throttle = throttle
        self._pages = pages
        self._proxies = proxies
        self._provider = provider  # the name of another way in

    async def show_set_up(self, request: Request) -> Response:
        """The form behind the one-time link. Looking at it does not use the link up."""
        token = request.query_params.get("token", "")
        if not await run_in_threadpool(self._members.link_works, token):
            return self._used_up(request)
        return self._pages.page(request, "setup.html", token=token, name="", problem=None)

    async def set_up(self, request: Request) -> Response:
        """Set the password, use the link up, and sign in."""
        form = await read_form(request)
        token, name, password = form.get("token", ""), read_name(form), form.get("password", "")
        problem = name_problem(name) or password_problem(password, name)
        if problem is None and password != form.get("again"):
            problem = "The two passwords differ."
        if not await run_in_threadpool(self._members.link_works, token):
            return self._used_up(request)
        if problem is not None:
            return self._pages.page(
                request, "setup.html", status=422, token=token, name=name, problem=problem
            )
        try:
            member = await run_in_threadpool(set_up_admin, self._parts, token, name, password)
        except Refused as error:
            return self._pages.page(
                request, "setup.html", status=422, token=token, name=name, problem=message(error)
            )
        if member is None:
            return self._used_up(request)
        response = self._to(request, "/")
        await run_in_threadpool(self._session_auth.open, member, request, response)
        return response

    async def show_sign_in(self, request: Request) -> Response:
        """The form; whoever is signed in goes on to where they were going."""
        after = path_after(request.query_params.get("to"))
        if await run_in_threadpool(self._session_auth.visit, request):
            return self._to(request, after)
        copied = await run_in_threadpool(self._session_auth.was_copied, request)
        return self._sign_in_page(request, after=after, problem=COPIED if copied else None)

    async def sign_in(self, request: Request) -> Response:
        """Check name and password, slowly for whoever keeps failing."""
        form = await read_form(request)
        name, password = read_name(form), form.get("password", "")[:1000]
        after = path_after(form.get("to"))
        address = address_of(request, self._proxies)
        known = self._session_auth.known(request, name)
        turn = await run_in_threadpool(self._throttle.admit, name, address, known)
        if turn.refused > 0:
            seconds = math.ceil(turn.refused)
            problem = f"Too many tries. Wait {seconds} seconds, then try again."
            response = self._sign_in_page(
                request, name=name, after=after, problem=problem, status=429
            )
            response.headers["retry-after"] = str(seconds)
            return response
        if turn.hold > 0:
            await sleep(turn.hold)
        account = await run_in_threadpool(self._members.checked, name, password)
        if account is None:
            return self._sign_in_page(request, name=name, after=after, problem=WRONG, status=401)
        await run_in_threadpool(self._throttle.succeeded, name, address, known)
        response = self._to(request, after)
        member, password_hash = account
        await run_in_threadpool(self._session_auth.open, member, request, response, password_hash)
        return response

    async def sign_out(self, request: Request, visit: Visit) -> Response:
        """End this session, or with `everywhere` all of the member's."""
        form = await read_form(request)
        check_csrf(visit, form)
        if form.get("everywhere") == "1":
            await run_in_threadpool(self._members.sessions.end_all, visit.member.name)
        else:
            await run_in_threadpool(self._members.sessions.end, visit.token)
        response = self._to(request, "/sign-in")
        self._session_auth.close(response)
        return response

    def _sign_in_page(
        self,
        request: Request,
        *,
        name: str = "",
        after: str = "/",
        problem: str | None = None,
        status: int = 200,
    ) -> Response:
        return self._pages.page(
            request,
            "sign-in.html",
            status=status,
            name=name,
            after=after,
            problem=problem,
            anyone=self._members.any(),
            provider=self._provider,
        )

    def _used_up(self, request: Request) -> Response:
        return self._pages.page(request, "used-up.html", status=410)

    def _to(self, request: Request, path: str) -> Response:
        return RedirectResponse(request.scope.get("root_path", "") + path, status_code=303)


def read_name(form: dict[str, str]) -> str:
    """The name of a form, in one spelling."""
    return unicodedata.normalize("NFC", form.get("name", "").strip())[: LONGEST_NAME + 1]
