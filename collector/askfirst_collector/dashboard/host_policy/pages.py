"""The host policy: what it allows, what another one would stop and purge, and those before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import PolicyError, Problem, Reason, Refused
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst_collector.catalogue.host_editions import find, history
from askfirst_collector.catalogue.host_policy import newer_attributes
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.dashboard.host_policy.form import (
    HOST_NUMBERS,
    by_use,
    differences,
    document_of,
    for_every_use,
    lines,
    uses,
)
from askfirst_collector.dashboard.layout.forms import Visit, read_number
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Layout, Page
from askfirst_collector.dashboard.layout.problems import problem_texts
from askfirst_collector.dashboard.layout.site import read_own_form, read_policy_form, to
from askfirst_collector.dashboard.layout.templates import HEADERS
from askfirst_collector.dashboard.layout.webhook import (
    WebhookForm,
    answer_form,
    back_of,
    read_form,
)
from askfirst_collector.members.permissions import may
from askfirst_collector.services import Services
from askfirst_collector.usecases.preview_host_policy import preview
from askfirst_collector.usecases.save_host_policy import host_policy_number, save_host_policy

# The one page with a script: it draws sliders over selects that work without it.
CSP = HEADERS["content-security-policy"] + "; script-src 'self'"


class HostPolicyPages:
    """The handlers; what is typed comes back until it is published."""

    def __init__(self, parts: Services, layout: Layout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        return [
            Page("/host-policy", "host-policy.read", self.show),
            Page("/host-policy", "host-policy.change", self.answer, "POST"),
            Page("/host-policy/webhook", "host-policy.change", self.webhook, "POST"),
            Page("/host-policy/{number}", "host-policy.read", self.one),
            Page("/ceiling", "host-policy.read", self.moved),
            Page("/ceiling/{number}", "host-policy.read", self.moved),
        ]

    async def moved(self, request: Request, visit: Visit) -> Response:
        """Lead from the address that the page used to have to the one it has."""
        number = request.path_params.get("number")
        return to(request, f"/host-policy/{_number(number)}" if number else "/host-policy")

    async def show(self, request: Request, visit: Visit) -> Response:
        """The host policy in force: to be changed, or to be read where a file governs."""
        return await run_in_threadpool(self._form, request, visit)

    async def answer(self, request: Request, visit: Visit) -> Response:
        """Show what a host policy would do, publish it, or hand it back to be changed."""
        form = await read_policy_form(request, visit)
        steps = {"save": self._save, "edit": self._again}
        step = steps.get(form.get("do", ""), self._preview)
        return await run_in_threadpool(step, request, visit, form)

    async def webhook(self, request: Request, visit: Visit) -> Response:
        """Say where the host itself is told of every change, or nowhere; or send a test there."""
        form = await read_own_form(request, visit)

        def answered() -> Response:
            answer, back = answer_form(self._parts, visit, form), "/host-policy"
            if isinstance(answer, WebhookForm):
                return self._form(request, visit, status=answer.status, webhook=answer)
            if not answer:
                return to(request, back_of(back, form))
            return self._layout.page(
                request, visit, "webhook.html", secret=answer, url=form["url"], back=back
            )

        return await run_in_threadpool(answered)

    async def one(self, request: Request, visit: Visit) -> Response:
        """A host policy as it was archived, and what it changed."""
        number = _number(request.path_params["number"])

        def shown() -> Response:
            engine = self._parts.engine
            edition, before = find(engine, number), find(engine, number - 1)
            if edition is None or edition.policy is None:
                raise HTTPException(404)
            old = before.policy if before is not None else None
            changed = differences(old.document, edition.policy.document) if old else []
            return self._layout.page(
                request,
                visit,
                "host-policy-edition.html",
                found=edition,
                before=old,
                changed=changed,
                text=as_toml(edition.policy.document),
            )

        return await run_in_threadpool(shown)

    def _preview(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        document: dict[str, Any] | None = None
        try:
            if "text" in form:
                policy = read_policy(form["text"], kind="host")
            else:
                document = document_of(form, self._base(form))
                policy = read_policy(document, kind="host")
        except PolicyError as error:
            return self._form(request, visit, form, document=document, problems=error.problems)
        return self._look(request, visit, policy, read_number(form) or 0)

    def _look(
        self, request: Request, visit: Visit, policy: Policy, expected: int, *, problem: str = ""
    ) -> Response:
        effects = preview(self._parts, policy)
        present = self._present()
        number = host_policy_number(self._parts)
        edited = self._edition(expected)
        return self._layout.page(
            request,
            visit,
            "host-policy-preview.html",
            status=409 if problem else 200,
            suspends=[(change, problem_texts(change.problems)) for change in effects.suspends],
            resumes=effects.resumes,
            purges=effects.purges,
            proposals=effects.proposals,
            changed=differences(present.document if present else {}, policy.document),
            meanwhile=differences(edited.document, present.document)
            if problem and edited and present
            else [],
            document=policy.canonical().decode(),
            # Whoever was told of the other one saves over it knowingly.
            expected=number,
            problem=problem,
        )

    def _save(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        try:
            policy = read_policy(form.get("document", ""), kind="host")
        except PolicyError as error:
            return self._form(request, visit, form, problems=error.problems)
        expected = read_number(form) or 0
        try:
            save_host_policy(self._parts, visit.member, policy, expected=expected)
        except Refused as error:
            if error.reason != Reason.CHANGED_MEANWHILE:
                raise
            return self._look(request, visit, policy, expected, problem=message(error))
        return to(request, "/host-policy")

    def _again(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        try:
            document = read_policy(form.get("document", ""), kind="host").document
        except PolicyError as error:
            return self._form(request, visit, form, problems=error.problems)
        return self._form(request, visit, form, document=document, status=200)

    def _form(
        self,
        request: Request,
        visit: Visit,
        form: dict[str, str] | None = None,
        *,
        document: Mapping[str, Any] | None = None,
        problems: tuple[Problem, ...] = (),
        status: int = 422,
        webhook: WebhookForm | None = None,
    ) -> Response:
        present, file = self._present(), self._parts.host.file
        shown = document or (present.document if present is not None else None)
        as_text = "text" in (form or {}) or request.query_params.get("as") == "toml"
        text = (form or {}).get("text") or (as_toml(shown) if shown else "")
        before = history(self._parts.engine)
        number = before[0][0] if before else 0
        may_change = may(visit.member, "host-policy.change")
        if may_change and webhook is None:
            webhook = read_form(self._parts, request)
        response = self._layout.page(
            request,
            visit,
            "host-policy.html",
            status=200 if form is None and not (webhook and webhook.problem) else status,
            editable=may_change and file is None,
            file=file,
            present=present,
            proposals=newer_attributes(present) if present is not None else (),
            uses=uses(shown) if shown else (),
            parts=lines(shown) if shown else (),
            every=for_every_use(shown) if shown else (),
            by_use=by_use(shown) if shown else (),
            document=shown,
            base_document=json.dumps(shown) if shown else "",
            host_numbers=HOST_NUMBERS,
            expected=(form or {}).get("expected", str(number)),
            problems=problem_texts(problems),
            wrong={problem.pointer for problem in problems},
            as_text=as_text,
            text=text,
            history=before,
            webhook=webhook,
        )
        response.headers["content-security-policy"] = CSP
        return response

    def _present(self) -> Policy | None:
        return self._parts.host.current().policy

    def _edition(self, number: int) -> Policy | None:
        """The host policy that somebody began to edit; 0 is the shipped one."""
        if not number:
            return shipped("host-default")
        edition = find(self._parts.engine, number)
        return edition.policy if edition is not None else None

    def _base(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        """What the fields were made of, as its reader takes it."""
        return read_policy(form.get("base", ""), kind="host").document


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
