"""Members, for host admins: who there is, whom to invite, what their role is, what to end."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from askfirst.errors import Reason, Refused
from askfirst_collector.dashboard.layout.forms import Visit, check_csrf, origin_of, read_form
from askfirst_collector.dashboard.layout.labels import ROLE_NAMES, message
from askfirst_collector.dashboard.layout.page import Layout, Page
from askfirst_collector.dashboard.layout.paging import page_of
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from askfirst_collector.usecases.account import end_session, end_token
from askfirst_collector.usecases.invitations import invite_member, withdraw_invitation
from askfirst_collector.usecases.members import change_member, remove_member

LARGEST = 65_536  # bytes of a form that may name every site
MOST_FIELDS = 1_100
SITE = "site."  # before the name of a site, in the name of its box


class MemberPages:
    """The handlers; a refusal that a form can mend comes back with the form."""

    def __init__(self, parts: Services, layout: Layout, *, provider: str | None = None) -> None:
        self._parts = parts
        self._members = parts.members
        self._layout = layout
        self._provider = provider

    def pages(self) -> list[Page]:
        """Every page of this file."""
        one = "/members/{name}"
        return [
            Page("/members", "member.read", self.show),
            Page("/members/invite", "member.change", self.invite, "POST"),
            Page("/members/withdraw", "member.change", self.withdraw, "POST"),
            Page(one, "member.read", self.show_one),
            Page(one, "member.change", self.change, "POST"),
            Page(f"{one}/remove", "member.change", self.remove, "POST"),
            Page(f"{one}/sessions", "member.change", self.end_session, "POST"),
            Page(f"{one}/tokens", "member.change", self.end_token, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """Every member and every open invitation, and the form for another."""
        return await run_in_threadpool(self._list, request, visit)

    async def invite(self, request: Request, visit: Visit) -> Response:
        """Make an invitation, and show its link this once."""
        form = await _form(request, visit)
        role, email = form.get("role", ""), form.get("email", "")

        def invited() -> Response:
            try:
                invitation, token = invite_member(
                    self._parts, visit.member, role, _sites(form), email=email
                )
            except Refused as error:
                filled = {"role": role, "email": email, "sites": _sites(form)}
                return self._list(request, visit, error=error, filled=filled)
            base = request.scope.get("root_path", "")
            link = f"{origin_of(request)}{base}/invitation?token={token}"
            return self._layout.page(
                request, visit, "invited.html", link=link, made=invitation, roles=ROLE_NAMES
            )

        return await run_in_threadpool(invited)

    async def withdraw(self, request: Request, visit: Visit) -> Response:
        """Make the link of an invitation stop working."""
        form = await _form(request, visit)
        id = form.get("id", "")
        await run_in_threadpool(withdraw_invitation, self._parts, visit.member, id)
        return _to(request, "/members")

    async def show_one(self, request: Request, visit: Visit) -> Response:
        """One member: role and sites, sessions, tokens."""
        return await run_in_threadpool(self._one, request, visit)

    async def change(self, request: Request, visit: Visit) -> Response:
        """Give them another role, and these sites."""
        form = await _form(request, visit)

        def changed() -> Response:
            name = request.path_params["name"]
            try:
                change_member(self._parts, visit.member, name, form.get("role", ""), _sites(form))
            except Refused as error:
                if error.reason != Reason.LAST_HOST_ADMIN:
                    raise
                return self._one(request, visit, error=error)
            # Whoever is no host admin any more may not open the list either.
            own = name == visit.member.name and form.get("role") != "host-admin"
            return _to(request, "/" if own else "/members")

        return await run_in_threadpool(changed)

    async def remove(self, request: Request, visit: Visit) -> Response:
        """Remove a member."""
        await _form(request, visit)

        def removed() -> Response:
            try:
                remove_member(self._parts, visit.member, request.path_params["name"])
            except Refused as error:
                if error.reason != Reason.LAST_HOST_ADMIN:
                    raise
                return self._one(request, visit, error=error)
            return _to(request, "/members")

        return await run_in_threadpool(removed)

    async def end_session(self, request: Request, visit: Visit) -> Response:
        """End one session of a member."""
        return await self._end(request, visit, end_session)

    async def end_token(self, request: Request, visit: Visit) -> Response:
        """End one token of a member."""
        return await self._end(request, visit, end_token)

    async def _end(self, request: Request, visit: Visit, end: Any) -> Response:
        form = await _form(request, visit)
        name = request.path_params["name"]
        await run_in_threadpool(end, self._parts, visit.member, name, form.get("id", ""))
        return RedirectResponse(request.url.path.rpartition("/")[0], status_code=303)

    def _list(
        self,
        request: Request,
        visit: Visit,
        *,
        error: Refused | None = None,
        filled: dict[str, Any] | None = None,
    ) -> Response:
        return self._layout.page(
            request,
            visit,
            "members.html",
            status=error.status if error else 200,
            page=page_of(request, self._members.all(), _searched),
            invitations=self._members.invitations.open(),
            roles=ROLE_NAMES,
            sites=self._parts.registry.sites(),
            problem=message(error) if error else None,
            provider=self._provider,
            filled=filled or {"role": "site-owner", "email": "", "sites": ()},
        )

    def _one(self, request: Request, visit: Visit, *, error: Refused | None = None) -> Response:
        name = request.path_params["name"]
        member = self._members.get(name)
        if member is None:
            raise HTTPException(404)
        return self._layout.page(
            request,
            visit,
            "member.html",
            status=error.status if error else 200,
            member=member,
            sessions=self._members.sessions.of(name, visit.token),
            tokens=self._members.tokens.of(name),
            roles=ROLE_NAMES,
            sites=_all_sites(self._parts.registry.sites(), member),
            problem=message(error) if error else None,
        )


def _searched(member: Member) -> str:
    return " ".join((member.name, ROLE_NAMES[member.role], *sorted(member.sites)))


def _all_sites(known: tuple[str, ...], member: Member) -> list[str]:
    """Those there are, and those of the member that have published nothing yet."""
    return sorted({*known, *member.sites})


def _sites(form: dict[str, str]) -> tuple[str, ...]:
    """The boxes that are ticked, and what is written beside them."""
    ticked = {name.removeprefix(SITE) for name in form if name.startswith(SITE)}
    return tuple(sorted({*ticked, *form.get("more", "").replace(",", " ").split()}))


async def _form(request: Request, visit: Visit) -> dict[str, str]:
    form = await read_form(request, largest=LARGEST, fields=MOST_FIELDS)
    check_csrf(visit, form)
    return form


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(request.scope.get("root_path", "") + path, status_code=303)
