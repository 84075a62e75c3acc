"""Coming in and going out: the one-time link, signing in, signing out, another password."""

from __future__ import annotations

import math
import unicodedata

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from askfirst.errors import Refused
from askfirst.observe.proxies import Proxies
from askfirst_collector.dashboard.door import Door, Visit, address_of, check_csrf, read_form
from askfirst_collector.dashboard.pages import Pages
from askfirst_collector.dashboard.throttle import Throttle
from askfirst_collector.registry.accounts import LONGEST_NAME, name_problem
from askfirst_collector.registry.members import Members
from askfirst_collector.registry.passwords import password_problem

WRONG = "The name or the password is not right."


class Entry:
    """The handlers of the door."""

    def __init__(
        self, members: Members, door: Door, throttle: Throttle, pages: Pages, proxies: Proxies
    ) -> None:
        self._members = members
        self._door = door
        self._throttle = throttle
        self._pages = pages
        self._proxies = proxies

    async def show_set_up(self, request: Request) -> Response:
        """The form behind the one-time link. Looking at it does not use the link up."""
        token = request.query_params.get("token", "")
        if not await run_in_threadpool(self._members.link_works, token):
            return self._used_up(request)
        return self._pages.page(request, "setup.html", token=token, name="", problem=None)

    async def set_up(self, request: Request) -> Response:
        """Set the password, use the link up, and sign in."""
        form = await read_form(request)
        token, name, password = form.get("token", ""), _name(form), form.get("password", "")
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
            member = await run_in_threadpool(self._members.set_up, token, name, password)
        except Refused as error:
            return self._pages.page(
                request, "setup.html", status=422, token=token, name=name, problem=said(error)
            )
        if member is None:
            return self._used_up(request)
        response = self._to(request, "/")
        await run_in_threadpool(self._door.open, member, request, response)
        return response

    async def show_sign_in(self, request: Request) -> Response:
        """The form; whoever is signed in goes on to the figures."""
        if await run_in_threadpool(self._door.visit, request):
            return self._to(request, "/")
        return self._sign_in_page(request)

    async def sign_in(self, request: Request) -> Response:
        """Check name and password, slowly for whoever keeps failing."""
        form = await read_form(request)
        name, password = _name(form), form.get("password", "")[:1000]
        address = address_of(request, self._proxies)
        wait = self._throttle.admit(name, address)
        if wait > 0:
            seconds = math.ceil(wait)
            problem = f"Too many tries. Wait {seconds} seconds, then try again."
            response = self._sign_in_page(request, name=name, problem=problem, status=429)
            response.headers["retry-after"] = str(seconds)
            return response
        member = await run_in_threadpool(self._members.check, name, password)
        if member is None:
            return self._sign_in_page(request, name=name, problem=WRONG, status=401)
        self._throttle.succeeded(name, address)
        response = self._to(request, "/")
        await run_in_threadpool(self._door.open, member, request, response)
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
        self._door.close(response)
        return response

    async def show_account(self, request: Request, visit: Visit) -> Response:
        """Who is signed in, and the form for another password."""
        return self._pages.page(request, "account.html", visit=visit, problem=None)

    async def change_password(self, request: Request, visit: Visit) -> Response:
        """Set another password; every other session of the member ends."""
        form = await read_form(request)
        check_csrf(visit, form)
        name, address = visit.member.name, address_of(request, self._proxies)
        problem = password_problem(form.get("password", ""), name)
        if problem is None and form.get("password") != form.get("again"):
            problem = "The two passwords differ."
        if problem is None and self._throttle.admit(name, address) > 0:
            problem = "Too many tries. Wait a few minutes, then try again."
        if problem is None and not await run_in_threadpool(
            self._members.check, name, form.get("present", "")[:1000]
        ):
            problem = "The present password is not right."
        if problem is not None:
            return self._pages.page(
                request, "account.html", status=422, visit=visit, problem=problem
            )
        self._throttle.succeeded(name, address)
        await run_in_threadpool(self._members.change_password, name, form["password"])
        response = self._to(request, "/")
        await run_in_threadpool(self._door.open, visit.member, request, response)
        return response

    def _sign_in_page(
        self, request: Request, *, name: str = "", problem: str | None = None, status: int = 200
    ) -> Response:
        return self._pages.page(
            request,
            "sign-in.html",
            status=status,
            name=name,
            problem=problem,
            anyone=self._members.any(),
        )

    def _used_up(self, request: Request) -> Response:
        return self._pages.page(request, "used-up.html", status=410)

    def _to(self, request: Request, path: str) -> Response:
        return RedirectResponse(request.scope.get("root_path", "") + path, status_code=303)


def _name(form: dict[str, str]) -> str:
    return unicodedata.normalize("NFC", form.get("name", "").strip())[: LONGEST_NAME + 1]


def said(error: Refused) -> str:
    """What to do about a refusal, as a sentence."""
    return f"{error.detail[:1].upper()}{error.detail[1:]}."
