"""Publishing a policy from a page: written or ready-made, looked at first, then put in force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import PolicyError, Problem, Reason, Refused
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.catalogue.first_policy import ready_made
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.dashboard.layout.forms import Visit, read_number
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.problems import problem_texts
from askfirst_collector.dashboard.layout.site import SiteLayout, read_own_form, read_policy_form, to
from askfirst_collector.explain import explain
from askfirst_collector.services import Services
from askfirst_collector.usecases.preview_publish import preview_publish
from askfirst_collector.usecases.sites import publish_policy, unschedule_policy

READY = ("level", "origin", "controller", "contact", "country")
# Where a problem of a ready-made policy stands among the questions.
_ASKED = {
    "/origins": "origin",
    "/controller/name": "controller",
    "/controller/contact": "contact",
    "/controller/country": "country",
    "/jurisdiction": "country",
}


class Publishing:
    """The handlers; what is typed comes back until it is in force."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        site = "/sites/{site}"
        return [
            Page(f"{site}/publish", "site.change", self.show),
            Page(f"{site}/publish", "site.change", self.answer, "POST"),
            Page(f"{site}/unschedule", "site.change", self.unschedule, "POST"),
            Page(f"{site}/policy.toml", "site.read", self.download),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The policy in force as a file to change."""
        return await run_in_threadpool(self._form, request, visit)

    async def answer(self, request: Request, visit: Visit) -> Response:
        """Show what a policy would change, put it in force, or hand it back to be changed."""
        form = await read_policy_form(request, visit)
        steps = {"publish": self._publish, "edit": self._again}
        step = steps.get(form.get("do", ""), self._preview)
        return await run_in_threadpool(step, request, visit, form)

    async def unschedule(self, request: Request, visit: Visit) -> Response:
        """Drop the policy that was to take effect later."""
        form = await read_own_form(request, visit)
        name, expected = request.path_params["site"], form.get("expected")
        await run_in_threadpool(
            lambda: unschedule_policy(self._parts, visit.member, name, expected=expected)
        )
        return to(request, f"/sites/{name}/publish")

    async def download(self, request: Request, visit: Visit) -> Response:
        """The policy in force as a file."""
        site = await run_in_threadpool(self._parts.registry.site, request.path_params["site"])
        if site is None:
            raise HTTPException(404)
        return Response(
            as_toml(site.editions.current.policy.document),
            media_type="application/toml; charset=utf-8",
            headers={"content-disposition": 'attachment; filename="policy.toml"'},
        )

    def _preview(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        try:
            policy = self._read(request, form)
            effective = _effective(form, self._parts.now())
        except PolicyError as error:
            return self._form(request, visit, form, problems=error.problems)
        preview = preview_publish(self._parts, policy)
        if preview.problems:
            return self._form(request, visit, form, problems=preview.problems, status=409)
        return self._look(request, visit, form, policy, effective)

    def _look(
        self,
        request: Request,
        visit: Visit,
        form: dict[str, str],
        policy: Policy,
        effective: int | None,
        *,
        problem: str = "",
    ) -> Response:
        preview = preview_publish(self._parts, policy)
        return self._layout.page(
            request,
            visit,
            "publish-preview.html",
            status=409 if problem else 200,
            coming=preview,
            policy=policy,
            suspends={name: problem_texts(problems) for name, problems in preview.suspends.items()},
            purposes=explain(policy),
            document=policy.canonical().decode(),
            expected=preview.before.number if preview.before else 0,
            effective=effective,
            form=form,
            problem=problem,
        )

    def _publish(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        name = request.path_params["site"]
        try:
            policy = self._read(request, {"text": form.get("document", "")})
            effective = _effective(form, self._parts.now())
            publish_policy(
                self._parts,
                visit.member,
                policy,
                effective=effective,
                expected=read_number(form),
            )
        except PolicyError as error:
            return self._form(request, visit, form, problems=error.problems, status=409)
        except Refused as error:
            if error.reason != Reason.CHANGED_MEANWHILE:
                raise
            return self._look(request, visit, form, policy, effective, problem=message(error))
        from_start = form.get("from") == "start"
        later = effective is not None
        return to(
            request, f"/sites/{name}/{'publish' if later else 'start' if from_start else 'policy'}"
        )

    def _again(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        try:
            policy = self._read(request, {"text": form.get("document", "")})
        except PolicyError as error:
            return self._form(request, visit, form, problems=error.problems)
        return self._form(request, visit, {**form, "text": as_toml(policy.document)}, status=200)

    def _read(self, request: Request, form: dict[str, str]) -> Policy:
        name = request.path_params["site"]
        if "level" in form:
            answers = {key: form.get(key, "") for key in READY if key != "level"}
            return read_policy(ready_made(form["level"], site=name, **answers))
        policy = read_policy(form.get("text", ""))
        if policy.site != name:
            message = f"write {name!r}: the policy is published for that site"
            raise PolicyError([Problem("/site", policy.site, message)])
        return policy

    def _form(
        self,
        request: Request,
        visit: Visit,
        form: dict[str, str] | None = None,
        *,
        problems: tuple[Problem, ...] = (),
        status: int = 422,
    ) -> Response:
        form, name = form or {}, request.path_params["site"]
        site = self._parts.registry.site(name)
        if "level" in form:
            return self._ready(request, visit, form, problems, status)
        typed = form.get("text") or form.get("document", "")
        if not typed and site is not None:
            typed = as_toml(site.editions.current.policy.document)
        return self._layout.page(
            request,
            visit,
            "publish.html",
            status=status if form else 200,
            text=typed,
            problems=problem_texts(problems),
            scheduled=self._parts.registry.scheduled(name),
            form=form,
            today=datetime.fromtimestamp(self._parts.now(), UTC).date().isoformat(),
        )

    def _ready(
        self,
        request: Request,
        visit: Visit,
        form: dict[str, str],
        problems: tuple[Problem, ...],
        status: int,
    ) -> Response:
        beside: dict[str, Any] = {}
        rest = []
        for problem in problem_texts(problems):
            field = next((v for k, v in _ASKED.items() if problem.pointer.startswith(k)), None)
            if field is None:
                rest.append(problem)
            else:
                beside.setdefault(field, problem.advice)
        return self._layout.page(
            request,
            visit,
            "publish-ready.html",
            status=status,
            form=form,
            beside=beside,
            problems=tuple(rest),
        )


def _effective(form: dict[str, str], now: float) -> int | None:
    """When it is to take effect, in unix seconds; None for now."""
    if form.get("when") != "later":
        return None
    text = f"{form.get('date', '')}T{form.get('time', '') or '00:00'}"
    try:
        seconds = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        seconds = 0
    if seconds <= now:
        message = "choose a day and a time to come: editions do not go back in time"
        raise PolicyError([Problem("/effective", text.strip("T"), message)])
    return int(seconds)
