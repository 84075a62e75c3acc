"""Placed collectors of a site: how each stands, where, and what their owners do about it."""

from __future__ import annotations

from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import PolicyError, Reason, Refused
from askfirst_collector.catalogue.placed import PlacedCollector, State
from askfirst_collector.dashboard.layout.alerts import STATES
from askfirst_collector.dashboard.layout.forms import Visit, read_number
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.problems import problem_texts
from askfirst_collector.dashboard.layout.site import SiteLayout, read_own_form, to
from askfirst_collector.dashboard.layout.webhook import (
    WebhookForm,
    answer_form,
    back_of,
    read_form,
)
from askfirst_collector.explain import explain
from askfirst_collector.members.permissions import may, may_resume
from askfirst_collector.services import Services
from askfirst_collector.usecases.placed_collectors import renew_write_key, set_collector_state


class Collectors:
    """The handlers."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        all_of, one = "/sites/{site}/collectors", "/sites/{site}/collectors/{collector}"
        return [
            Page(all_of, "collector.read", self.show),
            Page(one, "collector.read", self.show_one),
            Page(f"{one}/state", "collector.suspend", self.set_state, "POST"),
            Page(f"{one}/key", "collector.change", self.new_key, "POST"),
            Page(f"{one}/webhook", "collector.change", self.webhook, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The collectors of a site."""

        def shown() -> Response:
            site = request.path_params["site"]
            if self._parts.registry.site(site) is None:
                raise HTTPException(404)
            collectors = self._parts.placed_collectors.all(site)
            return self._layout.page(
                request,
                visit,
                "collectors.html",
                collectors=collectors,
                conflicts={collector.name: len(_conflicts(collector)) for collector in collectors},
                states=STATES,
                may_add=may(visit.member, "collector.add", site),
            )

        return await run_in_threadpool(shown)

    async def show_one(self, request: Request, visit: Visit) -> Response:
        """One collector, with the line that its owner puts into the pages."""
        return await run_in_threadpool(self._one, request, visit)

    async def set_state(self, request: Request, visit: Visit) -> Response:
        """Put it on its pages, stop it, or retire it, which asks once more."""
        form = await read_own_form(request, visit)
        wanted = form.get("state", "")

        def changed() -> Response:
            collector = self._found(request)
            if wanted not in ("active", "suspended", "retired"):
                return to(request, _path(collector))
            if wanted == "retired" and form.get("sure") != "1":
                return self._layout.page(request, visit, "collector-retire.html", found=collector)
            try:
                set_collector_state(
                    self._parts,
                    visit.member,
                    collector.site,
                    collector.name,
                    cast(State, wanted),
                    expected=read_number(form),
                )
            except PolicyError as error:
                return self._one(request, visit, status=409, refused=problem_texts(error.problems))
            except Refused as error:
                if error.reason not in (Reason.CHANGED_MEANWHILE, Reason.WRONG_STATE):
                    raise
                return self._one(request, visit, status=error.status, problem=message(error))
            return to(request, _path(collector))

        return await run_in_threadpool(changed)

    async def new_key(self, request: Request, visit: Visit) -> Response:
        """Draw another write key; the old one names nobody from now on."""
        form = await read_own_form(request, visit)

        def renewed() -> Response:
            collector = self._found(request)
            site, name, expected = collector.site, collector.name, read_number(form)
            try:
                renew_write_key(self._parts, visit.member, site, name, expected=expected)
            except Refused as error:
                if error.reason != Reason.CHANGED_MEANWHILE:
                    raise
                return self._one(request, visit, status=error.status, problem=message(error))
            return to(request, _path(collector))

        return await run_in_threadpool(renewed)

    async def webhook(self, request: Request, visit: Visit) -> Response:
        """Say where its suspension is told, or nowhere; or send a test there."""
        form = await read_own_form(request, visit)

        def answered() -> Response:
            collector = self._found(request)
            site, name, back = collector.site, collector.name, _path(collector)
            answer = answer_form(self._parts, visit, form, site=site, collector=name)
            if isinstance(answer, WebhookForm):
                return self._one(request, visit, status=answer.status, webhook=answer)
            if not answer:
                return to(request, back_of(back, form))
            return self._layout.page(
                request, visit, "webhook.html", secret=answer, url=form["url"], back=back
            )

        return await run_in_threadpool(answered)

    def _one(
        self,
        request: Request,
        visit: Visit,
        *,
        status: int = 200,
        problem: str = "",
        refused: Any = (),
        webhook: WebhookForm | None = None,
    ) -> Response:
        collector, member = self._found(request), visit.member
        site, owner = collector.site, collector.owner
        return self._layout.page(
            request,
            visit,
            "collector.html",
            status=status,
            found=collector,
            by=collector.by,
            conflicts=_conflicts(collector),
            refused=refused,
            problem=problem,
            states=STATES,
            purposes=explain(collector.placed.policy),
            overlaps=self._parts.placed_collectors.overlapping(collector.placed),
            may_change=may(member, "collector.change", site, owner=owner),
            may_suspend=may(member, "collector.suspend", site, owner=owner),
            may_resume=may_resume(member, site, by=collector.by),
            may_see=may(member, "collector.figures", site, owner=owner),
            webhook=webhook or read_form(self._parts, request, site=site, collector=collector.name),
        )

    def _found(self, request: Request) -> PlacedCollector:
        site, name = request.path_params["site"], request.path_params["collector"]
        collector = self._parts.placed_collectors.get(site, name)
        if collector is None:
            raise HTTPException(404)
        return collector


def _conflicts(collector: PlacedCollector) -> Any:
    return problem_texts((collector.reason or {}).get("conflicts", ()))


def _path(collector: PlacedCollector) -> str:
    return f"/sites/{collector.site}/collectors/{collector.name}"
