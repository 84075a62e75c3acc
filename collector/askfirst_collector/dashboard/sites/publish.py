"""Publishing a policy from a page: written or ready-made, looked at first, then published."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import PolicyError, Problem, Reason, Refused
from askfirst.terms.policy import Policy, read_policy
from askfirst.terms.purpose import ROLES
from askfirst.terms.terms import CLOSES
from askfirst_collector.catalogue.first_policy import FURTHER, LEVELS, STATISTICS, ready_made
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.host_policy.form import differences
from askfirst_collector.dashboard.layout.forms import Visit, read_number
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.problems import problem_texts
from askfirst_collector.dashboard.layout.site import SiteLayout, read_own_form, read_policy_form, to
from askfirst_collector.dashboard.layout.templates import HEADERS
from askfirst_collector.dashboard.sites.notice_preview import no_notice, notice_page
from askfirst_collector.dashboard.sites.policy_form import (
    CONTROLLER,
    NUMBERS,
    beside_policy,
    document_of,
    field_of,
    fields_of,
    has_comments,
    is_whole,
    purposes_of,
    read_base,
    refilled,
)
from askfirst_collector.explain import explain
from askfirst_collector.services import Services
from askfirst_collector.usecases.preview_publish import preview_publish
from askfirst_collector.usecases.sites import publish_policy, unschedule_policy

# The one page beside the host policy's with a script: it asks for the notice while one types.
FORM_CSP = HEADERS["content-security-policy"] + "; script-src 'self'; frame-src 'self'"
MEANWHILE = "Another policy took effect meanwhile: compare with it, then save again."
COMMENTS = (
    "take the comments out (lines that begin with #) to change it by the form: they have no place "
    "in it, nor in an edition"
)
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
    """The handlers; what is typed comes back until it is published."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        site = "/sites/{site}"
        return [
            Page(f"{site}/publish", "site.change", self.show),
            Page(f"{site}/publish", "site.change", self.answer, "POST"),
            Page(f"{site}/publish/notice", "site.change", self.notice),
            Page(f"{site}/publish/notice", "site.change", self.notice_of, "POST"),
            Page(f"{site}/unschedule", "site.change", self.unschedule, "POST"),
            Page(f"{site}/policy.toml", "site.read", self.download),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The policy in force as a file to change."""
        return await run_in_threadpool(self._form, request, visit)

    async def answer(self, request: Request, visit: Visit) -> Response:
        """Show what a policy would change, publish it, or hand it back to be changed."""
        form = await read_policy_form(request, visit)
        steps = {
            "publish": self._publish,
            "edit": self._again,
            "toml": self._as_toml,
            "form": self._as_form,
            "add": self._as_form,
        }
        step = steps.get(form.get("do", ""), self._preview)
        return await run_in_threadpool(step, request, visit, form)

    async def notice(self, request: Request, visit: Visit) -> Response:
        """The notice of the policy in force, in the frame beside the form."""
        site = await run_in_threadpool(self._parts.registry.site, request.path_params["site"])
        if site is None:
            raise HTTPException(404)
        return notice_page(site.editions.current.policy, request.scope.get("root_path", ""))

    async def notice_of(self, request: Request, visit: Visit) -> Response:
        """The notice of what a form says now; nothing is kept of it."""
        form = await read_policy_form(request, visit)
        base = request.scope.get("root_path", "")
        try:
            policy = await run_in_threadpool(self._read, request, form)
        except PolicyError as error:
            first = problem_texts(error.problems)[0]
            return no_notice(f"Not yet: {first.where}. {first.advice}", base)
        return notice_page(policy, base)

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
        begun, number = read_number(form), preview.before.number if preview.before else 0
        problem = MEANWHILE if begun is not None and begun != number else ""
        return self._look(request, visit, form, policy, effective, problem=problem)

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
        begun = self._edition(request, read_number(form)) if problem else None
        return self._layout.page(
            request,
            visit,
            "publish-preview.html",
            meanwhile=differences(begun.document, preview.before.policy.document)
            if begun is not None and preview.before is not None
            else [],
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
        if form.get("as") == "form":
            return self._form(request, visit, refilled(form, policy.document), status=200)
        return self._form(request, visit, {**form, "text": as_toml(policy.document)}, status=200)

    def _as_toml(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        """What the fields say, as TOML: whatever it is, so that nothing typed is lost."""
        try:
            document = document_of(form, read_base(form))
        except PolicyError as error:
            return self._form(request, visit, form, problems=error.problems)
        fields = {**beside_policy(form), "text": as_toml(document)}
        return self._form(request, visit, fields, status=200)

    def _as_form(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        """What a TOML says, as fields; one that they cannot keep is said, and stays TOML."""
        problems: tuple[Problem, ...] = ()
        try:
            if "text" not in form:
                name = form.get("new.name", "").strip() if form.get("do") == "add" else ""
                if name in read_base(form).get("purposes", {}):
                    advice = "choose another name: this policy has a purpose of this one"
                    raise PolicyError([Problem("/purposes", name, advice)])
                return self._form(request, visit, form, status=200)
            document = self._read(request, form).document
        except PolicyError as error:
            problems = error.problems
        else:
            if not has_comments(form["text"]):
                return self._form(request, visit, refilled(form, document), status=200)
            problems = (Problem("", "#", COMMENTS),)
        return self._form(request, visit, form, problems=problems)

    def _edition(self, request: Request, number: int | None) -> Policy | None:
        """The policy that somebody began to change."""
        site = self._parts.registry.site(request.path_params["site"])
        edition = site.editions.get(number) if site is not None and number is not None else None
        return edition.policy if edition is not None else None

    def _read(self, request: Request, form: dict[str, str]) -> Policy:
        name = request.path_params["site"]
        if "level" in form:
            answers = {key: form.get(key, "") for key in READY if key != "level"}
            purposes = (STATISTICS, *(other for other in FURTHER if f"also.{other}" in form))
            document = ready_made(form["level"], site=name, **answers, purposes=purposes)
            return read_policy(document)
        if "base" in form:
            policy = read_policy(document_of(form, read_base(form)))
        else:
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
        values = {
            "scheduled": self._parts.registry.scheduled(name),
            "form": form,
            "today": datetime.fromtimestamp(self._parts.now(), UTC).date().isoformat(),
            "expected": form.get("expected", str(site.editions.current.number) if site else ""),
        }
        as_fields = "base" in form or (not form and request.query_params.get("as") != "toml")
        if site is not None and as_fields and not typed and is_whole(form):
            return self._fields(request, visit, site, form, problems, status, values)
        if not typed and site is not None:
            typed = as_toml(site.editions.current.policy.document)
        return self._layout.page(
            request,
            visit,
            "publish.html",
            status=status if form else 200,
            text=typed,
            problems=problem_texts(problems),
            **values,
        )

    def _fields(
        self,
        request: Request,
        visit: Visit,
        site: Site,
        form: dict[str, str],
        problems: tuple[Problem, ...],
        status: int,
        values: dict[str, Any],
    ) -> Response:
        """The fields of a policy, with the notice beside them."""
        document = (
            document_of(form, read_base(form)) if form else site.editions.current.policy.document
        )
        fields = form | fields_of(document)
        beside: dict[str, str] = {}
        rest = []
        for problem in problem_texts(problems):
            if field := field_of(problem.pointer):
                beside.setdefault(field, problem.advice)
            else:
                rest.append(problem)
        response = self._layout.page(
            request,
            visit,
            "publish-form.html",
            status=status if form else 200,
            fields=fields,
            purposes=purposes_of(document, fields),
            languages=fields["languages"].split(),
            numbers=NUMBERS,
            controller=CONTROLLER,
            roles=ROLES,
            closes=CLOSES,
            base_document=json.dumps(document),
            beside=beside,
            rest=rest,
            problems=problems,
            **values,
        )
        response.headers["content-security-policy"] = FORM_CSP
        return response

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
            levels=LEVELS,
            further=FURTHER,
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
